import type { FastifyReply } from "fastify";
import type { Customer } from "../../customers/customer-store";
import { Conflict, InvalidInput } from "../../errors";
import { PreconditionFailed } from "../failures";
import { customerOf, pageOf } from "./answers";
import { entityTag, idempotencyKey, ifMatch } from "./headers";
import { operation } from "./operation";
import { customerPath, customerQuery } from "./schemas";

/** Statuses of problems with a body. */
const withBody = [400, 403, 413, 415, 422];

/** Customers, decrypted. */
export const customerOperations = [
  operation({
    method: "GET",
    path: "/api/customers",
    id: "listCustomers",
    summary: "A page of customers, by number, decrypted",
    query: customerQuery,
    answers: { 200: "CustomerPage" },
    problems: [422],
    handle: async ({ query }, _reply, { store }) => pageOf(await store.list(query), customerOf),
  }),

  operation({
    method: "POST",
    path: "/api/customers",
    id: "addCustomer",
    summary: "Adds a customer",
    headers: idempotencyKey,
    body: "CustomerInput",
    answers: { 201: "Customer" },
    problems: withBody,
    async handle({ body, headers }, reply, { store }) {
      const customer = await added(store.add(body, headers["Idempotency-Key"]));
      reply.code(201).header("location", `/api/customers/${customer.id}`);
      return answer(reply, customer);
    },
  }),

  operation({
    method: "POST",
    path: "/api/customers/search",
    id: "searchCustomers",
    summary: "Finds customers. It is a POST, so that no address contains a number",
    body: "CustomerSearch",
    answers: { 200: "CustomerPage" },
    problems: withBody,
    handle: async ({ body }, _reply, { store }) => pageOf(await store.list(body), customerOf),
  }),

  operation({
    method: "GET",
    path: "/api/customers/:id",
    id: "readCustomer",
    summary: "One customer, decrypted",
    params: customerPath,
    answers: { 200: "Customer" },
    problems: [404],
    handle: async ({ params }, reply, { store }) => answer(reply, await store.get(params.id)),
  }),

  operation({
    method: "PUT",
    path: "/api/customers/:id",
    id: "editCustomer",
    summary: "Replaces a customer, unless somebody else changed it meanwhile",
    params: customerPath,
    headers: ifMatch("The ETag of the version that was read, instead of `version`."),
    body: "CustomerEdit",
    answers: { 200: "Customer" },
    problems: [...withBody, 404, 409, 412],
    async handle({ params: { id }, body, headers }, reply, { store }) {
      const { id: bodyId = id, version, createdAt: _, updatedAt: __, ...input } = body;
      const match = headers["If-Match"];
      const readVersion = match ?? version;
      if (bodyId !== id) throw new InvalidInput({ id: "The body and the address name different customers." });
      if (readVersion === undefined) {
        throw new InvalidInput({ version: "Send the version that you read, or its ETag as If-Match." });
      }
      if (version !== undefined && version !== readVersion) {
        throw new InvalidInput({ version: "The version and If-Match differ. Send only one." });
      }
      return answer(reply, await matching(match, store.edit(id, input, readVersion)));
    },
  }),

  operation({
    method: "DELETE",
    path: "/api/customers/:id",
    id: "deleteCustomer",
    summary: "Deletes a customer",
    params: customerPath,
    headers: ifMatch("The ETag of the version that was read. Without it, any version is deleted."),
    answers: { 204: undefined },
    problems: [400, 403, 404, 409, 412, 422],
    async handle({ params, headers }, reply, { store }) {
      const match = headers["If-Match"];
      await matching(match, store.remove(params.id, match));
      return reply.code(204).send();
    },
  }),
];

function answer(reply: FastifyReply, customer: Customer) {
  reply.header("etag", entityTag(customer.version));
  return customerOf(customer);
}

/** Names a problem with the one-time key as the client does. */
async function added(work: Promise<Customer>): Promise<Customer> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof InvalidInput) || !("oneTimeKey" in error.problems)) throw error;
    throw new InvalidInput({
      "Idempotency-Key": "Other content was sent with this key before. Send a new key.",
    });
  }
}

/** Changes the version that If-Match names. Without that header, a conflict stays a conflict. */
async function matching<Result>(match: number | undefined, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (match === undefined || !(error instanceof Conflict)) throw error;
    throw new PreconditionFailed(
      "Somebody else changed this customer since you read it, and If-Match names the version that you read. Read it again, then decide.",
    );
  }
}
