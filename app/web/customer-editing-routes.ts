import type { FastifyInstance } from "fastify";
import type { Customer, CustomerField, CustomerInput, CustomerStore } from "../customers/customer-store";
import { threeWayMerge } from "../customers/three-way-merge";
import { Conflict } from "../errors";
import { versionForm } from "./api/schemas";
import type { CustomerRouteProps } from "./customer-route-props";
import { enteredCustomer, readCustomer } from "./entered-customer";
import { textFields } from "./form-fields";
import { customerId, parse } from "./input";
import { customerFormPage } from "./pages/customer-form";
import { sendPage } from "./send-page";
import { showFormAgain } from "./show-form-again";

/** Number of merges with changes that others saved meanwhile. After that, the form asks the person. */
const mostMerges = 3;

/** Edits a customer. */
export function customerEditingRoutes(
  pages: FastifyInstance,
  { store, tokens, logger }: CustomerRouteProps,
): void {
  pages.get("/customers/:id/edit", async ({ params, id: requestId }, reply) => {
    const { customer: read, auditId } = await store.reveal(customerId(params));
    // Its form has the whole numbers.
    logger.info({ event: "revealed", requestId, customer: read.id, auditId });
    return sendPage(
      reply,
      200,
      customerFormPage({ csrfToken: tokens.create(reply), values: read, edited: read }),
    );
  });

  pages.post("/customers/:id", async (request, reply) => {
    const { params, body } = request;
    const id = customerId(params);
    const values = enteredCustomer(body);
    let version = Number(textFields(body, ["version"]).version);
    try {
      await tokens.check(request);
      version = parse(versionForm, body).version;
      const merged = await saveMerged(store, id, { values, read: readCustomer(body, values), version });
      return reply.redirect(`/customers/${id}?done=${merged ? "merged" : "saved"}`, 303);
    } catch (error) {
      const asked =
        error instanceof Disputed
          ? error.form
          : { values, edited: { ...readCustomer(body, values), id, version } };
      return showFormAgain(tokens, reply, error, asked);
    }
  });
}

/**
 * Saves this person's changes, and keeps the changes that others saved meanwhile.
 * @returns true if it kept changes of others
 * @throws {Disputed} if two people changed the same field
 */
async function saveMerged(
  store: CustomerStore,
  id: number,
  form: { values: CustomerInput; read: CustomerInput; version: number },
): Promise<boolean> {
  let { values, read, version } = form;
  for (let merges = 0; ; merges++) {
    try {
      await store.edit(id, values, version);
      return merges > 0;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      const stored = await store.get(id);
      const { values: merged, disputed } = threeWayMerge(read, values, stored);
      if (disputed.length > 0 || merges === mostMerges) {
        throw new Disputed({ values: merged, edited: stored, stored, disputed });
      }
      values = merged;
      read = stored;
      version = stored.version;
    }
  }
}

/** Two people changed the same field of one customer. The form asks which value stays. */
class Disputed extends Conflict {
  constructor(
    readonly form: { values: CustomerInput; edited: Customer; stored: Customer; disputed: CustomerField[] },
  ) {
    super(`Customer ${form.stored.id} was changed by somebody else meanwhile.`);
  }
}
