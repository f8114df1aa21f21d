import type { FastifyInstance } from "fastify";
import type { CustomerRouteProps } from "./customer-route-props";
import { customerId } from "./input";
import { noticeOf } from "./notices";
import { customerDetailsPage } from "./pages/customer-details";
import { storedCustomerPage } from "./pages/database";
import { sendPage } from "./send-page";

/** Shows a customer. */
export function customerDetailsRoutes(
  pages: FastifyInstance,
  { store, tokens, logger }: CustomerRouteProps,
): void {
  pages.get("/customers/:id", async ({ params, query }, reply) => {
    const customer = await store.get(customerId(params));
    return sendPage(
      reply,
      200,
      customerDetailsPage({ customer, csrfToken: tokens.create(reply), done: noticeOf(query) }),
    );
  });

  // Only POST reveals numbers, so a reload or the history of a browser does not.
  pages.post("/customers/:id/reveal", { preValidation: tokens.check }, async (request, reply) => {
    const { customer, auditId } = await store.reveal(customerId(request.params));
    logger.info({ event: "revealed", requestId: request.id, customer: customer.id, auditId });
    return sendPage(
      reply,
      200,
      customerDetailsPage({
        customer,
        csrfToken: tokens.create(reply),
        revealed: { auditId, requestId: request.id },
      }),
    );
  });

  pages.get("/customers/:id/stored", async ({ params }, reply) => {
    const id = customerId(params);
    const [stored, customer] = await Promise.all([store.oneAsStored(id), store.get(id)]);
    return sendPage(reply, 200, storedCustomerPage(stored, customer));
  });
}
