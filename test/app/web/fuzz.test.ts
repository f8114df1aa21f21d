import * as fc from "fast-check";
import { customerFields } from "../../../app/customers/customer-store";
import { openApiDocument } from "../../../app/web/api/openapi";
import { longTests } from "../../long-tests";
import { hostileValues, newCustomer } from "./examples";
import { MemoryApplication } from "./memory-application";
import { start } from "./web-client";

const runs = Number(process.env["FUZZ_RUNS"] ?? (longTests ? 10_000 : 1_500));
const seed = Number(process.env["FUZZ_SEED"] ?? 20_261_121);

interface Request {
  method: string;
  url: string;
  type: string | undefined;
  body: string | undefined;
}

/** The parts of JSON Schema that the document uses. */
interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
}

const document = openApiDocument();
const anyText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.constantFrom(...hostileValues.map(([, value]) => value)),
);

/** Makes values that mostly match the schema, so that requests get past the first checks. */
function valueFor(schema: Schema, name = ""): fc.Arbitrary<unknown> {
  if (schema.$ref) return valueFor(resolve(schema.$ref));
  const fitting = () => {
    if (schema.type === "integer")
      return fc.integer({ min: schema.minimum, max: Math.min(schema.maximum ?? 50, 50) });
    if (schema.type === "string") {
      const good = (newCustomer as Record<string, string>)[name];
      return good === undefined ? anyText : fc.oneof({ weight: 9, arbitrary: fc.constant(good) }, anyText);
    }
    if (schema.type !== "object") return fc.jsonValue();
    const properties = Object.entries(schema.properties ?? {});
    const fields = Object.fromEntries(properties.map(([key, value]) => [key, valueFor(value, key)]));
    return fc.record(fields, { requiredKeys: schema.required ?? [] });
  };
  return fc.oneof({ weight: 40, arbitrary: fitting() }, { weight: 1, arbitrary: fc.jsonValue() });
}

function resolve(reference: string): Schema {
  const name = reference.split("/").at(-1) as keyof typeof document.components.schemas;
  return document.components.schemas[name] as Schema;
}

/** Lone surrogates have no percent-encoding. */
function wellFormed(text: string): string {
  return text.slice(0, 200).replace(/\p{Cs}/gu, "\ufffd");
}

const idText = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 12 }).map(String) }, anyText);
const queryText = fc.array(
  fc.tuple(
    fc.oneof(fc.constantFrom("page", "pageSize", "search", "done"), anyText),
    fc.oneof(fc.integer({ min: 1, max: 5 }).map(String), anyText),
  ),
  { maxLength: 3 },
);

/** Makes requests to the document's operations and to the pages. */
const request: fc.Arbitrary<Request> = fc
  .constantFrom(
    ...Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => method !== "parameters")
        .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    ),
    ...[
      "/customers",
      "/customers/{id}",
      "/customers/{id}/edit",
      "/customers/{id}/delete",
      "/database",
      "/system",
    ].map((path) => ({ method: "GET", path, operation: {} })),
    { method: "POST", path: "/customers", operation: {} },
    { method: "POST", path: "/customers/{id}", operation: {} },
  )
  .chain(({ method, path, operation }) => {
    // biome-ignore lint/suspicious/noExplicitAny: only some operations have a body
    const schema = (operation as any).requestBody?.content["application/json"].schema as Schema | undefined;
    return fc.record({
      method: fc.oneof(
        { weight: 30, arbitrary: fc.constant(method) },
        fc.constantFrom("PATCH", "PUT", "OPTIONS"),
      ),
      url: fc
        .tuple(idText, fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, queryText))
        .map(([id, query]) => {
          const parameters = new URLSearchParams(query as [string, string][]).toString();
          return `${path.replace("{id}", encodeURIComponent(wellFormed(id)))}${parameters && `?${parameters}`}`;
        }),
      type: fc.oneof(
        {
          weight: 20,
          arbitrary: fc.constant(schema || path.startsWith("/api") ? "application/json" : undefined),
        },
        fc.constantFrom("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "x/y"),
      ),
      body: schema
        ? fc.oneof({ weight: 30, arbitrary: valueFor(schema).map((value) => JSON.stringify(value)) }, anyText)
        : fc.option(anyText, { nil: undefined }),
    });
  });

describe("Any request", () => {
  it(
    `gets an answer without an internal error, and is stored only if it is accepted (${runs} requests, seed ${seed})`,
    async () => {
      const { server, application, lines } = await start({}, new MemoryApplication(10));
      const statuses = new Map<number, number>();
      const check = async ({ method, url, type, body }: Request) => {
        const before = new Map(application.customers);
        const answer = await server.inject({
          method: method as "GET",
          url,
          headers: type === undefined ? {} : { "content-type": type },
          ...(body !== undefined && method !== "GET" && { payload: body }),
        });
        statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
        expect(answer.statusCode).toBeLessThan(500);
        expect(answer.headers["content-security-policy"]).toMatch(/^default-src 'none'/);
        expect(answer.body).not.toMatch(/node_modules|\n\s+at .*:\d+:\d+/);
        // A change replaces the customer's object.
        const changed = [...application.customers].filter(([id, customer]) => before.get(id) !== customer);
        if (answer.statusCode >= 400) {
          expect([changed, application.customers.size]).toEqual([[], before.size]);
        }
        for (const [, customer] of changed) {
          for (const field of customerFields) expect(customer[field]).toBe(answer.json()[field]);
        }
      };
      await fc.assert(fc.asyncProperty(request, check), { numRuns: runs, seed });
      // Enough requests got past the first checks.
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 204, 404, 405, 415, 422]));
      expect(lines.filter((line) => line.includes('"event":"error"'))).toEqual([]);
    },
    Math.max(600_000, runs * 60),
  );
});
