import { z } from "zod";
import { probes } from "../../operations/probes";
import { customerOperations } from "./customer-operations";
import type { ApiOperation } from "./operation";
import { answers, bodies, problemMediaType } from "./schemas";
import { systemOperations } from "./system-operations";

/** Statuses that every address of the API can answer: too many requests, application error, and not available. */
const anywhere = [429, 500, 503];

const problemNames: Readonly<Record<number, string>> = {
  400: "The request is malformed",
  403: "Sent on behalf of another site",
  404: "The customer does not exist",
  409: "Somebody else changed the customer meanwhile",
  412: "If-Match names another version than the stored one",
  413: "The request is too large",
  415: "No JSON",
  422: "The input is not valid. `problems` says why",
  429: "Too many requests",
  500: "Unexpected error in the application",
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
    paths: pathsOf([...customerOperations, ...systemOperations, ...probes]),
    components: {
      schemas: {
        ...mapped(bodies, (schema) => jsonSchema(schema, "input")),
        ...mapped(answers, (schema) => jsonSchema(schema, "output")),
      },
    },
  };
}

function pathsOf(operations: readonly ApiOperation[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = {
      ...(operation.params && { parameters: pathParameters(operation.params) }),
      ...paths[path],
      [operation.method.toLowerCase()]: describe(operation),
    };
  }
  return paths;
}

function describe({ path, id, summary, query, headers, body, answers, problems }: ApiOperation) {
  const probe = !path.startsWith("/api");
  const failures = probe ? [] : [...problems, ...anywhere].sort((a, b) => a - b);
  return {
    operationId: id,
    summary,
    ...(query && { parameters: queryParameters(query) }),
    ...(headers && { parameters: headerParameters(headers) }),
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

function pathParameters(params: z.ZodObject) {
  const { properties = {} } = jsonSchema(params, "output");
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "path", required: true, schema }));
}

function queryParameters(query: z.ZodObject) {
  const { properties = {} } = jsonSchema(query, "output");
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: false, schema }));
}

function headerParameters(headers: z.ZodObject) {
  const { properties = {} } = jsonSchema(headers, "input");
  return Object.entries(properties as Record<string, z.core.JSONSchema.JSONSchema>).map(
    ([name, { description, ...schema }]) => ({ name, in: "header", required: false, description, schema }),
  );
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
