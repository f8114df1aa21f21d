import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { checkCustomerInput } from "../customers/customer-input";
import {
  type Customer,
  type CustomerField,
  type CustomerInput,
  type CustomerStore,
  customerFields,
  hashedFields,
} from "../customers/customer-store";
import { threeWayMerge } from "../customers/three-way-merge";
import { Conflict, InvalidInput, Unavailable } from "../errors";
import type { Logger } from "../operations/log";
import { versionForm } from "./api/schemas";
import { Forbidden, failureOf } from "./failures";
import { textFields } from "./form-fields";
import { customerId, parse } from "./input";
import { notices } from "./notices";
import { customerDeletedPage, removedCustomer, removedText } from "./pages/customer-deleted";
import { customerDeletionPage } from "./pages/customer-deletion";
import { customerDetailsPage } from "./pages/customer-details";
import {
  type AlikeCustomers,
  type CustomerFormProps,
  customerFormPage,
  readField,
} from "./pages/customer-form";
import { storedCustomerPage } from "./pages/database";
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
  logger: Logger;
}

/** One customer: adding, showing, editing, deleting. */
export function customerRoutes(pages: FastifyInstance, { store, tokens, logger }: CustomerRoutesProps): void {
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
      if (sent.alike !== "accepted") await refuseDuplicate(values, oneTimeKey);
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
      return showForm(reply, error, { values, oneTimeKey: sent.oneTimeKey ?? randomUUID() });
    }
  });

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
      // Sent twice: it is back already.
      if (!(error instanceof Conflict)) throw error;
    }
    return reply.redirect(`/customers/${removed.id}?done=restored`, 303);
  });

  /** @throws {Alike} where another customer has the same number or address, unless it is this very addition, sent again */
  async function refuseDuplicate(values: CustomerInput, oneTimeKey: string | undefined): Promise<void> {
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
    if (![InvalidInput, Conflict, Unavailable, Forbidden].some((kind) => error instanceof kind)) throw error;
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

/** Another customer has the same number or address: the form asks whether that is meant. */
class Alike extends Error {
  constructor(readonly alike: readonly AlikeCustomers[]) {
    super("Another customer is like this one.");
  }
}

function noticeOf(query: unknown): string | undefined {
  return notices.get(parse(doneQuery, query).done ?? "");
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
