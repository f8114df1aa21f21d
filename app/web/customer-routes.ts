import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import {
  type Customer,
  type CustomerField,
  type CustomerInput,
  type CustomerStore,
  customerFields,
} from "../customers/customer-store";
import { threeWayMerge } from "../customers/three-way-merge";
import { Conflict, InvalidInput, Unavailable } from "../errors";
import { versionForm } from "./api/schemas";
import { failureOf, Refused } from "./failures";
import { textFields } from "./form-fields";
import { customerId, parse } from "./input";
import { notices } from "./notices";
import { customerDeletionPage } from "./pages/customer-deletion";
import { customerDetailsPage } from "./pages/customer-details";
import { type CustomerFormProps, customerFormPage, readField } from "./pages/customer-form";
import type { FormTokens } from "./request-forgery";
import { sendPage } from "./send-page";

const doneQuery = z.object({ done: z.string().optional() });
const oneTimeKeyForm = z.object({ oneTimeKey: z.uuid("The form is damaged. Open a new one.").optional() });

const emptyInput = Object.fromEntries(customerFields.map((field) => [field, ""])) as CustomerInput;

/** How often an edit is merged with what others saved meanwhile, before the person is asked. */
const mostMerges = 3;

export interface CustomerRoutesProps {
  store: CustomerStore;
  tokens: FormTokens;
}

/** One customer: adding, showing, editing, deleting. */
export function customerRoutes(pages: FastifyInstance, { store, tokens }: CustomerRoutesProps): void {
  pages.get("/customers/new", async (_request, reply) =>
    sendPage(
      reply,
      200,
      customerFormPage({ csrfToken: tokens.create(reply), values: emptyInput, oneTimeKey: randomUUID() }),
    ),
  );

  pages.post("/customers", async (request, reply) => {
    const { body } = request;
    const values = enteredCustomer(body);
    const sent = textFields(body, ["oneTimeKey"]);
    try {
      await tokens.check(request);
      const { id } = await store.add(values, parse(oneTimeKeyForm, sent).oneTimeKey);
      return reply.redirect(`/customers/${id}?done=added`, 303);
    } catch (error) {
      return showForm(reply, error, { values, oneTimeKey: sent.oneTimeKey ?? randomUUID() });
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
    const read = await store.get(customerId(params));
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
      const merged = await saveMerged(id, { values, read: readCustomer(body, values), version });
      return reply.redirect(`/customers/${id}?done=${merged ? "merged" : "saved"}`, 303);
    } catch (error) {
      const asked =
        error instanceof Disputed
          ? error.form
          : { values, edited: { ...readCustomer(body, values), id, version } };
      return showForm(reply, error, asked);
    }
  });

  pages.get("/customers/:id/delete", async ({ params }, reply) =>
    sendPage(reply, 200, customerDeletionPage(await store.get(customerId(params)), tokens.create(reply))),
  );

  pages.post("/customers/:id/delete", { preValidation: tokens.check }, async ({ params, body }, reply) => {
    const id = customerId(params);
    try {
      await store.remove(id, parse(versionForm, body).version);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      const page = customerDeletionPage(await store.get(id), tokens.create(reply), failureOf(error));
      return sendPage(reply, 409, page);
    }
    return reply.redirect("/customers?done=deleted", 303);
  });

  /**
   * Saves what this person changed, beside what others saved meanwhile.
   * @returns whether something of others was kept
   * @throws {Disputed} when two people changed the same field
   */
  async function saveMerged(
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

  /** The form again, with what was entered, where that can be corrected or sent again later. */
  async function showForm(
    reply: FastifyReply,
    error: unknown,
    form: Omit<CustomerFormProps, "csrfToken" | "failure">,
  ): Promise<FastifyReply> {
    if (![InvalidInput, Conflict, Unavailable, Refused].some((kind) => error instanceof kind)) throw error;
    const failure = failureOf(error);
    if (failure.retryAfterSeconds !== undefined) reply.header("retry-after", failure.retryAfterSeconds);
    return sendPage(
      reply,
      failure.status,
      customerFormPage({ ...form, csrfToken: tokens.create(reply), failure }),
    );
  }
}

/** Two people changed the same field of one customer: the form asks which value stays. */
class Disputed extends Conflict {
  constructor(
    readonly form: { values: CustomerInput; edited: Customer; stored: Customer; disputed: CustomerField[] },
  ) {
    super(`Customer ${form.stored.id} was changed by somebody else meanwhile.`);
  }
}

function enteredCustomer(body: unknown): CustomerInput {
  return { ...emptyInput, ...textFields(body, customerFields) };
}

/** The customer as the form showed it. A field that the form does not report counts as unchanged. */
function readCustomer(body: unknown, entered: CustomerInput): CustomerInput {
  const sent = textFields(body, customerFields.map(readField));
  return Object.fromEntries(
    customerFields.map((field) => [field, sent[readField(field)] ?? entered[field]]),
  ) as CustomerInput;
}
