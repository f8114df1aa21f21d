import type { FastifyInstance } from "fastify";
import type { Application } from "../../application";
import {
  type Customer,
  type CustomerStore,
  customerFields,
  type Page,
  type StoredCustomer,
} from "../../customers/customer-store";
import { customerId, parse } from "../input";
import { editBody, openApiDocument } from "./openapi";
import { customerBody, pageQuery, searchBody } from "./schemas";

/** The JSON API, below /api: the same store and the same rules as the pages. */
export function apiRoutes(application: Application, store: CustomerStore) {
  return async (api: FastifyInstance): Promise<void> => {
    api.removeContentTypeParser("text/plain");
    const document = openApiDocument();

    api.get("/openapi.json", () => document);

    api.get("/customers", async ({ query }) => pageOf(await store.list(parse(pageQuery, query)), customerOf));

    api.post("/customers", async ({ body }, reply) => {
      const customer = await store.add(parse(customerBody, body));
      reply.code(201).header("location", `/api/customers/${customer.id}`);
      return customerOf(customer);
    });

    api.post("/customers/search", async ({ body }) =>
      pageOf(await store.list(parse(searchBody, body)), customerOf),
    );

    api.get("/customers/:id", async ({ params }) => customerOf(await store.get(customerId(params))));

    api.put("/customers/:id", async ({ params, body }) => {
      const id = customerId(params);
      const { version, ...input } = parse(editBody, body);
      return customerOf(await store.edit(id, input, version));
    });

    api.delete("/customers/:id", async ({ params }, reply) => {
      await store.remove(customerId(params));
      return reply.code(204).send();
    });

    api.get("/stored-customers", async ({ query }) =>
      pageOf(await store.asStored(parse(pageQuery, query)), storedCustomerOf),
    );

    api.get("/status", () => application.status());
  };
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
