import type { FastifyInstance, FastifyReply } from "fastify";
import type { Application } from "../../application";
import {
  type Customer,
  type CustomerStore,
  customerFields,
  type Page,
  type StoredCustomer,
} from "../../customers/customer-store";
import { Conflict, InvalidInput } from "../../errors";
import { PreconditionFailed } from "../failures";
import { customerId, parse } from "../input";
import { editBody, openApiDocument } from "./openapi";
import { entityTag, idempotencyKey, versionToMatch } from "./request-headers";
import { customerBody, customerQuery, pageQuery, searchBody } from "./schemas";

/** The JSON API, below /api: the same store and the same rules as the pages. */
export function apiRoutes(application: Application, store: CustomerStore) {
  return async (api: FastifyInstance): Promise<void> => {
    api.removeContentTypeParser("text/plain");
    const document = openApiDocument();

    api.get("/openapi.json", () => document);

    api.get("/customers", async ({ query }) =>
      pageOf(await store.list(parse(customerQuery, query)), customerOf),
    );

    api.post("/customers", async ({ body, headers }, reply) => {
      const customer = await store.add(parse(customerBody, body), idempotencyKey(headers));
      reply.code(201).header("location", `/api/customers/${customer.id}`);
      return answer(reply, customer);
    });

    api.post("/customers/search", async ({ body }) =>
      pageOf(await store.list(parse(searchBody, body)), customerOf),
    );

    api.get("/customers/:id", async ({ params }, reply) =>
      answer(reply, await store.get(customerId(params))),
    );

    api.put("/customers/:id", async ({ params, body, headers }, reply) => {
      const id = customerId(params);
      const { id: bodyId = id, version, createdAt: _, updatedAt: __, ...input } = parse(editBody, body);
      const match = versionToMatch(headers);
      const readVersion = match ?? version;
      if (bodyId !== id) throw new InvalidInput({ id: "The body is another customer's than the address." });
      if (readVersion === undefined) {
        throw new InvalidInput({ version: "Send the version that you read, or its ETag as If-Match." });
      }
      if (version !== undefined && version !== readVersion) {
        throw new InvalidInput({ version: "The version and If-Match differ. Send one of them." });
      }
      return answer(reply, await matching(match, store.edit(id, input, readVersion)));
    });

    api.delete("/customers/:id", async ({ params, headers }, reply) => {
      const match = versionToMatch(headers);
      await matching(match, store.remove(customerId(params), match));
      return reply.code(204).send();
    });

    api.get("/stored-customers", async ({ query }) =>
      pageOf(await store.asStored(parse(pageQuery, query)), storedCustomerOf),
    );

    api.get("/status", () => application.status());
  };
}

function answer(reply: FastifyReply, customer: Customer) {
  reply.header("etag", entityTag(customer.version));
  return customerOf(customer);
}

/** What was done to the version that If-Match names; without that header, a conflict stays one. */
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

/** Field by field, so that nothing else of a row ever gets out. */
function customerOf(customer: Customer) {
  return { ...rowOf(customer), ...fieldsOf(customer) };
}

function storedCustomerOf(stored: StoredCustomer) {
  const { socialSecurityNumber, cardNumber, email } = stored.hashes;
  return {
    ...rowOf(stored),
    rowKey: stored.rowKey,
    dataKey: stored.dataKey,
    fields: fieldsOf(stored.fields),
    hashes: { socialSecurityNumber, cardNumber, email },
  };
}

function rowOf({ id, version, createdAt, updatedAt }: Customer | StoredCustomer) {
  return { id, version, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}

function fieldsOf(fields: Customer | StoredCustomer["fields"]) {
  return Object.fromEntries(customerFields.map((field) => [field, fields[field]]));
}

function pageOf<Row, Result>({ rows, total, page, pageSize }: Page<Row>, map: (row: Row) => Result) {
  return { rows: rows.map(map), total, page, pageSize };
}
