import { execFileSync } from "node:child_process";
import { Ajv2020 } from "ajv/dist/2020";
import { Conflict, Unavailable } from "../../../app/errors";
import { openApiDocument } from "../../../app/web/api/openapi";
import { hostileValues, newCustomer } from "./examples";
import { MemoryApplication } from "./memory-application";
import { type PageResponse, type Started, start } from "./web-client";

const document = openApiDocument();
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(document, "document");

/** The checked answers, such as `get /api/customers 200`. */
const seen = new Set<string>();

/** Sends a request, and finds its answer in the document. */
async function send(
  { server }: Pick<Started, "server">,
  method: "GET" | "POST" | "PUT" | "DELETE",
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<PageResponse> {
  const answer = await server.inject({
    method,
    url,
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    ...(body !== undefined && { payload: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  documented(method, url, answer);
  return answer;
}

/** Checks that the document contains the answer, and that the body matches its schema. */
function documented(method: string, url: string, answer: PageResponse): void {
  const path = url.replace(/\?.*/, "").replace(/^(\/api\/customers\/)(?!search)[^/]+$/, "$1{id}");
  const at = ["paths", path, method.toLowerCase(), "responses", String(answer.statusCode)];
  // biome-ignore lint/suspicious/noExplicitAny: this test checks the form of the document
  const promised = at.reduce<any>((node, key) => node?.[key], document);
  if (!promised) throw new Error(`The document does not promise ${method} ${path} ${answer.statusCode}.`);
  const [type] = String(answer.headers["content-type"] ?? "").split(";");
  if (promised.content) {
    const pointer = [...at, "content", type, "schema"]
      .map((key) => encodeURIComponent(String(key).replaceAll("~", "~0").replaceAll("/", "~1")))
      .join("/");
    const validate = ajv.getSchema(`document#/${pointer}`);
    if (!validate) throw new Error(`The document does not promise ${type} of ${method} ${path}.`);
    validate(answer.json());
    expect(validate.errors).toBeNull();
  } else {
    expect(answer.body).toBe("");
  }
  if (promised.headers?.["Retry-After"]) expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  seen.add(`${method.toLowerCase()} ${path} ${answer.statusCode}`);
}

describe("The OpenAPI document", () => {
  it("is a valid document of version 3.1", () => {
    // The validator runs in its own process, because Jest cannot load its ES module.
    const script = `
      import { Validator } from "@seriousme/openapi-schema-validator";
      import { text } from "node:stream/consumers";
      console.log(JSON.stringify(await new Validator().validate(JSON.parse(await text(process.stdin)))));`;
    const result = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: __dirname,
      input: JSON.stringify(document),
    });
    expect(JSON.parse(result.toString())).toEqual({ valid: true });
    expect(document.openapi).toBe("3.1.0");
  });

  it("has a page for people, with every operation and header", async () => {
    const { server } = await start();
    const { statusCode, headers, body } = await server.inject("/api");
    expect([statusCode, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    for (const item of Object.values(
      openApiDocument().paths as Record<string, Record<string, { operationId?: string }>>,
    )) {
      for (const { operationId } of Object.values(item).filter((it) => it.operationId))
        expect(body).toContain(`id="${operationId}"`);
    }
    for (const words of ["Idempotency-Key", "If-Match", "/api/openapi.json", "CustomerEdit"])
      expect(body).toContain(words);
  });

  it("is served at its usual addresses", async () => {
    const { server } = await start();
    const answer = await server.inject("/api/openapi.json");
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(document)));
  });
});

type Call = [method: "GET" | "POST" | "PUT" | "DELETE", url: string, body: unknown];

describe("The API", () => {
  it("lists customers in pages", async () => {
    const started = await start({}, new MemoryApplication(25));
    const answer = await send(started, "GET", "/api/customers?page=2&pageSize=10");
    expect(answer.json()).toMatchObject({ total: 25, page: 2, pageSize: 10 });
    expect(answer.json().rows.map(({ id }: { id: number }) => id)).toEqual([
      11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
    ]);
  });

  it("adds, reads, edits and deletes a customer", async () => {
    const started = await start();
    const added = await send(started, "POST", "/api/customers", newCustomer);
    expect([added.statusCode, added.headers["location"]]).toEqual([201, "/api/customers/4"]);
    expect(added.json()).toMatchObject({ ...newCustomer, id: 4, version: 1 });
    expect((await send(started, "GET", "/api/customers/4")).json()).toEqual(added.json());
    const edit = { ...newCustomer, city: "Elsewhere", version: 1 };
    const edited = await send(started, "PUT", "/api/customers/4", edit);
    expect(edited.json()).toMatchObject({ city: "Elsewhere", version: 2 });
    expect((await send(started, "PUT", "/api/customers/4", edit)).statusCode).toBe(409);
    expect((await send(started, "DELETE", "/api/customers/4")).statusCode).toBe(204);
    expect((await send(started, "GET", "/api/customers/4")).statusCode).toBe(404);
    expect((await send(started, "PUT", "/api/customers/4", edit)).statusCode).toBe(404);
    expect((await send(started, "DELETE", "/api/customers/4")).statusCode).toBe(404);
  });

  it("adds a customer once for each Idempotency-Key", async () => {
    const started = await start();
    const once = { "idempotency-key": "3f1c2b9a-0000-4000-8000-000000000001" };
    const answers = await Promise.all(
      [1, 2].map(() => send(started, "POST", "/api/customers", newCustomer, once)),
    );
    expect(answers.map((answer) => [answer.statusCode, answer.json().id])).toEqual([
      [201, 4],
      [201, 4],
    ]);
    const other = await send(started, "POST", "/api/customers", { ...newCustomer, city: "Other" }, once);
    // The problem has the name that the client knows.
    expect([other.statusCode, Object.keys(other.json().problems)]).toEqual([422, ["Idempotency-Key"]]);
    for (const key of ["", " ", "x".repeat(256), "schlüssel"]) {
      const refused = await send(started, "POST", "/api/customers", newCustomer, { "idempotency-key": key });
      expect([key, refused.statusCode]).toEqual([key, 422]);
    }
    expect(started.application.customers.size).toBe(4);
  });

  it("accepts its own answers as input, and identifies versions by ETag", async () => {
    const started = await start();
    const read = await send(started, "GET", "/api/customers/1");
    expect(read.headers["etag"]).toBe('"1"');
    const match = (tag: string) => ({ "if-match": tag });
    const edited = await send(started, "PUT", "/api/customers/1", {
      ...(read.json() as object),
      city: "Elsewhere",
    });
    expect([edited.statusCode, edited.headers["etag"], edited.json().city]).toEqual([
      200,
      '"2"',
      "Elsewhere",
    ]);
    const { version: _, ...withoutVersion } = edited.json();
    const old = await send(started, "PUT", "/api/customers/1", withoutVersion, match('"1"'));
    expect(old.statusCode).toBe(412);
    expect((await send(started, "PUT", "/api/customers/1", withoutVersion, match('"2"'))).statusCode).toBe(
      200,
    );
    for (const [body, headers] of [
      [withoutVersion, {}],
      [withoutVersion, match("*")],
      [withoutVersion, match("2")],
      [withoutVersion, match('W/"3"')],
      [{ ...withoutVersion, version: 2 }, match('"3"')],
      [{ ...edited.json(), id: 2 }, {}],
    ] as [object, Record<string, string>][]) {
      expect((await send(started, "PUT", "/api/customers/1", body, headers)).statusCode).toBe(422);
    }
    expect((await send(started, "DELETE", "/api/customers/1", undefined, match('"2"'))).statusCode).toBe(412);
    expect((await send(started, "DELETE", "/api/customers/1", undefined, match("x"))).statusCode).toBe(422);
    expect((await send(started, "DELETE", "/api/customers/1", undefined, match('"3"'))).statusCode).toBe(204);
    jest
      .spyOn(started.application.store, "remove")
      .mockRejectedValueOnce(new Conflict("edited all the time"));
    const stubbed = await start({}, started.application);
    expect((await send(stubbed, "DELETE", "/api/customers/2")).statusCode).toBe(409);
  });

  it("accepts nine digits as a social security number, and stores them in one format", async () => {
    const started = await start();
    const answer = await send(started, "POST", "/api/customers", {
      ...newCustomer,
      socialSecurityNumber: "900444321",
    });
    expect(answer.json().socialSecurityNumber).toBe("900-44-4321");
  });

  it.each([
    ["a change of direction", "Ada\u202eecarG"],
    ["a mark of direction", "\u200eAda"],
    ["an isolated direction", "\u2066Ada\u2069"],
    ["a space of no width", "A\u200bda"],
    ["a byte order mark", "\ufeffA\ufeffda"],
    ["a word joiner", "A\u2060da"],
    ["a soft hyphen", "A\u00adda"],
    ["a joiner at the end", "Ada\u200d"],
    ["a joiner between digits", "1\u200d2"],
    ["a tag", "Ada\u{e0041}"],
  ])("refuses an invisible character: %s", async (_what, firstName) => {
    const answer = await send(await start(), "POST", "/api/customers", { ...newCustomer, firstName });
    expect([answer.statusCode, Object.keys(answer.json().problems ?? {})]).toEqual([422, ["firstName"]]);
  });

  it.each(["نامه\u200cای", "क्\u200dष", "👩\u200d👩\u200d👧", "👩🏽\u200d🚀"])(
    "keeps the joiners that a script or an emoji needs: %s",
    async (city) => {
      const answer = await send(await start(), "POST", "/api/customers", { ...newCustomer, city });
      expect([answer.statusCode, answer.json().city]).toEqual([201, city]);
    },
  );

  it.each([
    ["52,000.50", "52000.50"],
    ["52 000", "52000"],
    ["999,999,999.99", "999999999.99"],
    ["52000.5", "52000.5"],
  ])("accepts the amount %s, and stores %s", async (salary, kept) => {
    const { server } = await start();
    const answer = await server.inject({
      method: "POST",
      url: "/api/customers",
      payload: { ...newCustomer, salary },
    });
    expect([answer.statusCode, answer.json().salary]).toEqual([201, kept]);
  });

  it.each(["5,2000", "52,00", "1,000,000,000", "52.000,50", "-1"])(
    "refuses the amount %s",
    async (salary) => {
      const { server } = await start();
      const answer = await server.inject({
        method: "POST",
        url: "/api/customers",
        payload: { ...newCustomer, salary },
      });
      expect([answer.statusCode, Object.keys(answer.json().problems)]).toEqual([422, ["salary"]]);
    },
  );

  it("accepts a customer without e-mail address and phone", async () => {
    const { email: _, phone: __, ...least } = newCustomer;
    const answer = await send(await start(), "POST", "/api/customers", least);
    expect(answer.json()).toMatchObject({ email: "", phone: "" });
  });

  it("finds customers by a posted search", async () => {
    const started = await start();
    const found = await send(started, "POST", "/api/customers/search", { search: "900-12-3456" });
    expect(found.json()).toMatchObject({ total: 1, rows: [{ firstName: "Ada" }] });
    expect((await send(started, "POST", "/api/customers/search", { search: "<" })).json()).toMatchObject({
      status: 422,
      problems: { search: expect.any(String) },
    });
  });

  it("shows customers as the database stores them", async () => {
    const answer = await send(await start(), "GET", "/api/stored-customers?pageSize=1");
    expect(answer.json().rows[0]).toMatchObject({
      dataKey: expect.stringMatching(/^vault:v1:/),
      fields: { firstName: expect.stringMatching(/^aes:/) },
    });
    expect(answer.body).not.toContain('"Ada"');
  });

  it("shows how the application gets its secrets", async () => {
    const answer = await send(await start(), "GET", "/api/status");
    expect(answer.json()).toMatchObject({ way: "vault", vault: { role: "webapp-role" } });
  });

  it("answers the health and readiness probes", async () => {
    const started = await start();
    await send(started, "GET", "/healthz");
    await send(started, "GET", "/readyz");
    started.application.readiness = { ready: false, reasons: ["Vault is sealed."], retryAfterSeconds: 2 };
    expect((await send(started, "GET", "/readyz")).statusCode).toBe(503);
  });

  it.each([
    ["?page=0", "page"],
    ["?page=x", "page"],
    ["?page=1.5", "page"],
    ["?page=-1", "page"],
    ["?page=", "page"],
    ["?page=1&page=2", "page"],
    ["?page=99999999999999999999", "page"],
    ["?pageSize=101", "pageSize"],
    ["?pageSize=1e2", "pageSize"],
    ["?colour=red", "colour"],
    ["?search=1", "search"],
    ["?__proto__=1", "__proto__"],
  ])("refuses the query %s with a sentence", async (query, field) => {
    const started = await start();
    for (const path of ["/api/customers", "/api/stored-customers"]) {
      const answer = await send(started, "GET", `${path}${query}`);
      expect(answer.statusCode).toBe(422);
      expect(Object.entries(answer.json().problems)).toEqual([[field, expect.stringMatching(/\.$/)]]);
    }
  });

  it.each([
    ["null", null],
    ["a list", []],
    ["a text", '"text"'],
    ["a number", "1"],
    ["no field", {}],
    ["a number in a field", { ...newCustomer, salary: 1 }],
    ["null in a field", { ...newCustomer, city: null }],
    ["an object in a field", { ...newCustomer, city: {} }],
    ["a list in a field", { ...newCustomer, city: ["a"] }],
    ["an extra field", { ...newCustomer, admin: "true" }],
    ["a customer with its own number", { ...newCustomer, id: 1 }],
  ])("refuses %s instead of a customer, with sentences", async (_what, body) => {
    const started = await start();
    for (const [method, path] of [
      ["POST", "/api/customers"],
      ["PUT", "/api/customers/1"],
    ] as const) {
      const answer = await send(started, method, path, body === null ? "null" : body);
      expect(answer.statusCode).toBe(422);
      for (const sentence of Object.values(answer.json().problems)) expect(sentence).toMatch(/[.)]$/);
    }
    expect(started.application.customers.size).toBe(3);
  });

  it.each(hostileValues)("stores or rejects in each field: %s", async (_what, value) => {
    const started = await start();
    for (const field of Object.keys(newCustomer)) {
      const answer = await send(started, "POST", "/api/customers", { ...newCustomer, [field]: value });
      if (answer.statusCode === 201) {
        const { id } = answer.json();
        expect((await send(started, "GET", `/api/customers/${id}`)).json()[field]).toBe(value.trim());
        const page = await started.server.inject(`/customers/${id}`);
        expect(page.body).not.toContain("<script>alert");
      } else {
        expect(answer.statusCode).toBe(422);
        expect(Object.keys(answer.json().problems)).toEqual([field]);
        expect(answer.json().problems[field]).toMatch(/[.)]$/);
      }
    }
  });

  it("rejects requests that are malformed, too large, of another type or from another site", async () => {
    const started = await start();
    const body = JSON.stringify(newCustomer);
    for (const [method, path] of [
      ["POST", "/api/customers"],
      ["POST", "/api/customers/search"],
      ["PUT", "/api/customers/1"],
    ] as const) {
      expect((await send(started, method, path, "{")).statusCode).toBe(400);
      expect((await send(started, method, path, `"${"x".repeat(70_000)}"`)).statusCode).toBe(413);
      expect((await send(started, method, path, body, { "content-type": "text/xml" })).statusCode).toBe(415);
      expect((await send(started, method, path, body, { origin: "https://evil.example" })).statusCode).toBe(
        403,
      );
    }
    const foreign = { origin: "https://evil.example" };
    expect((await send(started, "DELETE", "/api/customers/1", undefined, foreign)).statusCode).toBe(403);
  });

  it("says what is wrong with a body that is not JSON", async () => {
    const started = await start();
    const cut = await send(started, "POST", "/api/customers", "{");
    expect([cut.statusCode, cut.json().detail]).toEqual([
      400,
      "The body is not valid JSON. Nothing was changed.",
    ]);
    const json = { "content-type": "application/json" };
    const empty = await send(started, "DELETE", "/api/customers/1", undefined, json);
    expect([empty.statusCode, empty.json().detail]).toEqual([
      400,
      "Content-Type says JSON, but the request has no body. Send a body, or leave Content-Type out. Nothing was changed.",
    ]);
  });

  const calls: Call[] = [
    ["GET", "/api/customers", undefined],
    ["POST", "/api/customers", newCustomer],
    ["POST", "/api/customers/search", { search: "1" }],
    ["GET", "/api/customers/1", undefined],
    ["PUT", "/api/customers/1", { ...newCustomer, version: 1 }],
    ["DELETE", "/api/customers/1", undefined],
    ["GET", "/api/stored-customers", undefined],
  ];

  it("gives the reason if it is unavailable, and the time to try again", async () => {
    const started = await start();
    started.application.broken = new Unavailable("Vault is sealed.", 9);
    for (const [method, url, body] of calls) {
      const answer = await send(started, method, url, body);
      expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "9"]);
      expect(answer.json().detail).toContain("Vault is sealed.");
    }
  });

  it("reports an internal error without its details", async () => {
    const started = await start();
    started.application.broken = new Error("inside");
    for (const [method, url, body] of calls) {
      const answer = await send(started, method, url, body);
      expect(answer.statusCode).toBe(500);
      expect(answer.body).not.toContain("inside");
    }
  });

  it("rejects callers that send too many requests", async () => {
    for (const [method, url, body] of [...calls, ["GET", "/api/status", undefined] as Call]) {
      const started = await start({ requestsPerMinute: 1 });
      await started.server.inject("/api/openapi.json");
      expect((await send(started, method, url, body)).statusCode).toBe(429);
    }
  });

  it("says that the status is unavailable, or that something failed", async () => {
    const started = await start();
    jest.spyOn(started.application, "status").mockRejectedValueOnce(new Unavailable("Away.", 1));
    expect((await send(started, "GET", "/api/status")).statusCode).toBe(503);
    jest.spyOn(started.application, "status").mockRejectedValueOnce(new Error("inside"));
    expect((await send(started, "GET", "/api/status")).statusCode).toBe(500);
  });

  // After all tests, which may run in any order. It fails, too, if only some of them run.
  afterAll(() => {
    const paths: Record<string, Record<string, object>> = document.paths;
    const promised = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]) =>
        "responses" in operation
          ? Object.keys(operation.responses as object).map((status) => `${method} ${path} ${status}`)
          : [],
      ),
    );
    expect([...seen].sort()).toEqual(promised.sort());
  });
});
