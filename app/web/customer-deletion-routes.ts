import type { FastifyInstance } from "fastify";
import { Conflict } from "../errors";
import { versionForm } from "./api/schemas";
import type { CustomerRouteProps } from "./customer-route-props";
import { failureOf } from "./failures";
import { textFields } from "./form-fields";
import { customerId, parse } from "./input";
import { customerDeletedPage, removedCustomer, removedText } from "./pages/customer-deleted";
import { customerDeletionPage } from "./pages/customer-deletion";
import { sendPage } from "./send-page";

/** Deletes a customer, and restores it. */
export function customerDeletionRoutes(
  pages: FastifyInstance,
  { store, tokens }: Omit<CustomerRouteProps, "logger">,
): void {
  pages.get("/customers/:id/delete", async ({ params }, reply) =>
    sendPage(reply, 200, customerDeletionPage(await store.get(customerId(params)), tokens.create(reply))),
  );

  pages.post("/customers/:id/delete", { preValidation: tokens.check }, async ({ params, body }, reply) => {
    const id = customerId(params);
    try {
      const removed = await store.remove(id, parse(versionForm, body).version);
      return sendPage(reply, 200, customerDeletedPage(id, removedText(removed), tokens.create(reply)));
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      const page = customerDeletionPage(await store.get(id), tokens.create(reply), failureOf(error));
      return sendPage(reply, 409, page);
    }
  });

  pages.post("/customers/restore", { preValidation: tokens.check }, async ({ body }, reply) => {
    const removed = removedCustomer(textFields(body, ["removed"]).removed ?? "");
    try {
      await store.restore(removed);
    } catch (error) {
      // The form was sent twice, and the first request has restored the customer.
      if (!(error instanceof Conflict)) throw error;
    }
    return reply.redirect(`/customers/${removed.id}?done=restored`, 303);
  });
}
