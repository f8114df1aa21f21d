import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { checkCustomerInput } from "../customers/customer-input";
import { type CustomerInput, type CustomerStore, hashedFields } from "../customers/customer-store";
import type { CustomerRouteProps } from "./customer-route-props";
import { emptyInput, enteredCustomer } from "./entered-customer";
import { textFields } from "./form-fields";
import { parse } from "./input";
import { noticeOf } from "./notices";
import { type AlikeCustomers, customerFormPage } from "./pages/customer-form";
import { sendPage } from "./send-page";
import { showFormAgain } from "./show-form-again";

const oneTimeKeyForm = z.object({ oneTimeKey: z.uuid("The form is damaged. Open a new one.").optional() });

/** Adds a customer. */
export function customerAddingRoutes(
  pages: FastifyInstance,
  { store, tokens }: Omit<CustomerRouteProps, "logger">,
): void {
  pages.get("/customers/new", async ({ query }, reply) => {
    const form = { csrfToken: tokens.create(reply), values: emptyInput, oneTimeKey: randomUUID() };
    return sendPage(reply, 200, customerFormPage({ ...form, done: noticeOf(query) }));
  });

  pages.post("/customers", async (request, reply) => {
    const { body } = request;
    const values = enteredCustomer(body);
    const sent = textFields(body, ["oneTimeKey", "next", "alike"]);
    try {
      await tokens.check(request);
      const { oneTimeKey } = parse(oneTimeKeyForm, sent);
      if (sent.alike !== "accepted") await refuseDuplicate(store, values, oneTimeKey);
      const { id } = await store.add(values, oneTimeKey);
      return reply.redirect(
        sent.next === "another" ? "/customers/new?done=added" : `/customers/${id}?done=added`,
        303,
      );
    } catch (error) {
      if (error instanceof Alike) {
        const form = { values, oneTimeKey: sent.oneTimeKey ?? randomUUID(), alike: error.alike };
        return sendPage(reply, 409, customerFormPage({ ...form, csrfToken: tokens.create(reply) }));
      }
      return showFormAgain(tokens, reply, error, { values, oneTimeKey: sent.oneTimeKey ?? randomUUID() });
    }
  });
}

/** @throws {Alike} if another customer has the same number or address, unless this is the same addition, sent again */
async function refuseDuplicate(
  store: CustomerStore,
  values: CustomerInput,
  oneTimeKey: string | undefined,
): Promise<void> {
  if (oneTimeKey !== undefined && (await store.wasAdded(oneTimeKey))) return;
  const checked = checkCustomerInput(values);
  const found = await Promise.all(
    hashedFields
      .filter((field) => checked[field] !== "")
      .map(async (field) => ({ field, others: await store.findByNumber(checked[field]) })),
  );
  const alike = found.filter(({ others }) => others.length > 0);
  if (alike.length === 0) return;
  throw new Alike(alike.map(({ field, others }) => ({ field, ids: others.map(({ id }) => id) })));
}

/** Another customer has the same number or address. The form asks the person to confirm. */
class Alike extends Error {
  constructor(readonly alike: readonly AlikeCustomers[]) {
    super("Another customer is like this one.");
  }
}
