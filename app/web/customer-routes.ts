import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import {
  type Customer,
  type CustomerInput,
  type CustomerStore,
  customerFields,
} from "../customers/customer-store";
import { Conflict, InvalidInput, Unavailable } from "../errors";
import { versionForm } from "./api/schemas";
import { failureOf } from "./failures";
import { textFields } from "./form-fields";
import { customerId, parse } from "./input";
import { notices } from "./notices";
import { customerDeletionPage } from "./pages/customer-deletion";
import { customerDetailsPage } from "./pages/customer-details";
import { customerFormPage } from "./pages/customer-form";
import type { FormTokens } from "./request-forgery";
import { sendPage } from "./send-page";

const doneQuery = z.object({ done: z.string().optional() });

const emptyInput = Object.fromEntries(customerFields.map((field) => [field, ""])) as CustomerInput;

export interface CustomerRoutesProps {
  store: CustomerStore;
  tokens: FormTokens;
}

interface EnteredForm {
  values: CustomerInput;
  edited?: { id: number; version: number };
  stored?: Customer;
}

/** One customer: adding, showing, editing, deleting. */
export function customerRoutes(pages: FastifyInstance, { store, tokens }: CustomerRoutesProps): void {
  const form = { preValidation: tokens.check };

  pages.get("/customers/new", async (_request, reply) =>
    sendPage(reply, 200, customerFormPage({ csrfToken: tokens.create(reply), values: emptyInput })),
  );

  pages.post("/customers", form, async ({ body }, reply) => {
    const values = enteredCustomer(body);
    try {
      const { id } = await store.add(values);
      return reply.redirect(`/customers/${id}?done=added`, 303);
    } catch (error) {
      return showForm(reply, error, { values });
    }
  });

  pages.get("/customers/:id", async ({ params, query }, reply) => {
    const { done } = parse(doneQuery, query);
    return sendPage(
      reply,
      200,
      customerDetailsPage(await store.get(customerId(params)), notices.get(done ?? "")),
    );
  });

  pages.get("/customers/:id/edit", async ({ params }, reply) => {
    const { id, version, ...values } = await store.get(customerId(params));
    return sendPage(
      reply,
      200,
      customerFormPage({ csrfToken: tokens.create(reply), values, edited: { id, version } }),
    );
  });

  pages.post("/customers/:id", form, async ({ params, body }, reply) => {
    const id = customerId(params);
    const values = enteredCustomer(body);
    const readVersion = parse(versionForm, body).version;
    try {
      await store.edit(id, values, readVersion);
      return reply.redirect(`/customers/${id}?done=saved`, 303);
    } catch (error) {
      const stored = error instanceof Conflict ? await store.get(id) : undefined;
      const edited = { id, version: stored?.version ?? readVersion };
      return showForm(reply, error, { values, edited, stored });
    }
  });

  pages.get("/customers/:id/delete", async ({ params }, reply) =>
    sendPage(reply, 200, customerDeletionPage(await store.get(customerId(params)), tokens.create(reply))),
  );

  pages.post("/customers/:id/delete", form, async ({ params }, reply) => {
    await store.remove(customerId(params));
    return reply.redirect("/customers?done=deleted", 303);
  });

  /** The form again, with what was entered, where that can be mended or sent again later. */
  async function showForm(reply: FastifyReply, error: unknown, form: EnteredForm): Promise<FastifyReply> {
    if (![InvalidInput, Conflict, Unavailable].some((kind) => error instanceof kind)) throw error;
    const failure = failureOf(error);
    if (failure.retryAfterSeconds !== undefined) reply.header("retry-after", failure.retryAfterSeconds);
    return sendPage(
      reply,
      failure.status,
      customerFormPage({ ...form, csrfToken: tokens.create(reply), failure }),
    );
  }
}

function enteredCustomer(body: unknown): CustomerInput {
  return { ...emptyInput, ...textFields(body, customerFields) };
}
