import { z } from "zod";
import {
  answers,
  customerBody,
  customerNumber,
  customerQuery,
  ignoredTime,
  pageQuery,
  problemMediaType,
  searchBody,
  version,
} from "./schemas";

type Answer = keyof typeof answers;

interface Operation {
  id: string;
  summary: string;
  query?: z.ZodObject;
  /** Request headers, with what each of them is for. */
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** By status; nothing where the answer is empty. */
  answers: Readonly<Record<number, Answer | undefined>>;
  /** Media type of the successful answer, where it is not JSON. */
  problems: readonly number[];
}

/** What an edit sends: a customer as it was read, or its fields and the version that the edit was made from. */
export const editBody = customerBody.extend({
  id: customerNumber.optional(),
  version: version.optional(),
  createdAt: ignoredTime,
  updatedAt: ignoredTime,
});

const bodies = { CustomerInput: customerBody, CustomerEdit: editBody, CustomerSearch: searchBody };

/** Any address answers these: refused origin, wrong method or type, too much, too often, a fault, and not available. */
const anywhere = [429, 500, 503];
const withBody = [400, 403, 413, 415, 422];

const operations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  "/api/customers": {
    get: {
      id: "listCustomers",
      summary: "A page of customers, by number, decrypted",
      query: customerQuery,
      answers: { 200: "CustomerPage" },
      problems: [422],
    },
    post: {
      id: "addCustomer",
      summary: "Adds a customer",
      headers: { "Idempotency-Key": "Sent again with the same key, a customer is not added again." },
      body: "CustomerInput",
      answers: { 201: "Customer" },
      problems: withBody,
    },
  },
  "/api/customers/search": {
    post: {
      id: "searchCustomers",
      summary: "Finds customers. Posted, so that no number stands in an address",
      body: "CustomerSearch",
      answers: { 200: "CustomerPage" },
      problems: withBody,
    },
  },
  "/api/customers/{id}": {
    get: {
      id: "readCustomer",
      summary: "One customer, decrypted",
      answers: { 200: "Customer" },
      problems: [404],
    },
    put: {
      id: "editCustomer",
      summary: "Replaces a customer, unless somebody else changed it since",
      headers: { "If-Match": "The ETag of the version that was read, instead of `version`." },
      body: "CustomerEdit",
      answers: { 200: "Customer" },
      problems: [...withBody, 404, 409, 412],
    },
    delete: {
      id: "deleteCustomer",
      summary: "Deletes a customer",
      headers: { "If-Match": "The ETag of the version that was read. Without it, any version is deleted." },
      answers: { 204: undefined },
      problems: [403, 404, 409, 412, 422],
    },
  },
  "/api/stored-customers": {
    get: {
      id: "listStoredCustomers",
      summary: "The same customers as the database holds them",
      query: pageQuery,
      answers: { 200: "StoredCustomerPage" },
      problems: [422],
    },
  },
  "/api/status": {
    get: {
      id: "readStatus",
      summary: "How the application got to its secrets, and none of them",
      answers: { 200: "Status" },
      problems: [],
    },
  },
  "/healthz": {
    get: { id: "isAlive", summary: "Whether it lives", answers: { 200: "Health" }, problems: [] },
  },
  "/readyz": {
    get: {
      id: "isReady",
      summary: "Whether it can work, or why not",
      answers: { 200: "Readiness", 503: "Readiness" },
      problems: [],
    },
  },
};

const problemNames: Readonly<Record<number, string>> = {
  400: "The request is malformed",
  403: "Sent on behalf of another site",
  404: "No such customer, or no longer",
  409: "Somebody else changed the customer meanwhile",
  412: "If-Match names another version than the stored one",
  413: "More was sent than is taken",
  415: "No JSON",
  422: "What was sent cannot be taken; `problems` says why",
  429: "Too many requests",
  500: "The application's fault",
  503: "Vault or the database is not available now",
};

/** The OpenAPI 3.1 document of /api, from the schemas that check requests. */
export function openApiDocument() {
  return {
    openapi: "3.1.0",
    info: {
      title: "Customer records",
      version: "1.0.0",
      description: "Customers whose fields Vault encrypts. All of them are made up.",
      license: { name: "MPL-2.0", identifier: "MPL-2.0" },
    },
    servers: [{ url: "/" }],
    paths: Object.fromEntries(
      Object.entries(operations).map(([path, methods]) => [path, pathItem(path, methods)]),
    ),
    components: {
      schemas: {
        ...mapped(bodies, (schema) => jsonSchema(schema, "input")),
        ...mapped(answers, (schema) => jsonSchema(schema, "output")),
      },
    },
  };
}

function pathItem(path: string, methods: Readonly<Record<string, Operation>>) {
  const id = {
    name: "id",
    in: "path",
    required: true,
    schema: { type: "integer", minimum: 1, maximum: 2 ** 31 - 1 },
  };
  return {
    ...(path.includes("{id}") && { parameters: [id] }),
    ...mapped(methods, (operation) => describe(path, operation)),
  };
}

function describe(path: string, { id, summary, query, headers = {}, body, answers, problems }: Operation) {
  const probe = !path.startsWith("/api");
  const failures = probe ? [] : [...problems, ...anywhere].sort((a, b) => a - b);
  return {
    operationId: id,
    summary,
    ...(query && { parameters: queryParameters(query) }),
    ...(Object.keys(headers).length > 0 && { parameters: headerParameters(headers) }),
    ...(body && {
      requestBody: { required: true, content: { "application/json": { schema: reference(body) } } },
    }),
    responses: {
      ...mapped(answers, (answer) => ({
        description: answer ? "As asked" : "Done",
        ...(answer && { content: { "application/json": { schema: reference(answer) } } }),
      })),
      ...Object.fromEntries(
        failures.map((status) => [
          status,
          {
            description: problemNames[status],
            ...(status === 429 || status === 503 ? { headers: { "Retry-After": retryAfter } } : {}),
            content: { [problemMediaType]: { schema: reference("Problem") } },
          },
        ]),
      ),
    },
  };
}

const retryAfter = { description: "Whole seconds", schema: { type: "integer", minimum: 1 } };

function queryParameters(query: z.ZodObject) {
  const { properties = {} } = jsonSchema(query, "output");
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: false, schema }));
}

function headerParameters(headers: Readonly<Record<string, string>>) {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: "header",
    required: false,
    description,
    schema: { type: "string" },
  }));
}

function reference(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}

function jsonSchema(schema: z.ZodType, io: "input" | "output") {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    unrepresentable: "any",
  });
  return rest;
}

function mapped<Value, Result>(record: Readonly<Record<string, Value>>, map: (value: Value) => Result) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
