import { Unavailable } from "../../../app/errors";
import { createLogger, logLifecycleEvent, withoutMessage } from "../../../app/operations/log";
import { newCustomer } from "./examples";
import { MemoryApplication } from "./memory-application";
import { Browser, start } from "./web-client";

describe("/healthz", () => {
  it("reports that the application runs, even if Vault or the database is down", async () => {
    const { server, application } = await start();
    application.broken = new Unavailable("Vault does not answer.", 1);
    application.readiness = { ready: false, reasons: ["Vault does not answer."], retryAfterSeconds: 1 };
    const answer = await server.inject("/healthz");
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: "alive" }]);
  });
});

describe("/readyz", () => {
  it("reports that the application can work", async () => {
    const { server } = await start();
    const answer = await server.inject("/readyz");
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: "ready", reasons: [] }]);
  });

  it("names the missing part, and the time to try again", async () => {
    const { server, application } = await start();
    application.readiness = { ready: false, reasons: ["Vault is sealed."], retryAfterSeconds: 4 };
    const answer = await server.inject("/readyz");
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "4"]);
    expect(answer.json()).toEqual({ status: "not ready", reasons: ["Vault is sealed."] });
  });
});

describe("/metrics", () => {
  it("counts requests by route, never by address", async () => {
    const { server } = await start();
    await server.inject("/customers/1");
    await server.inject("/customers/2");
    await server.inject("/customers/77777");
    await server.inject("/wp-admin.php?x=secret");
    const { headers, body } = await server.inject("/metrics");
    expect(headers["content-type"]).toMatch(/^text\/plain; version=/);
    expect(body).toContain(
      'http_request_duration_seconds_count{method="GET",route="/customers/:id",status="200"} 2',
    );
    expect(body).toContain(
      'http_request_duration_seconds_count{method="GET",route="/customers/:id",status="404"} 1',
    );
    expect(body).toContain('http_request_duration_seconds_count{method="GET",route="none",status="404"} 1');
    expect(body).not.toMatch(/\/77777|wp-admin|secret/);
  });

  it("counts calls of the store and how they ended", async () => {
    const { server, application } = await start();
    await server.inject("/customers");
    await server.inject("/customers/999");
    application.broken = new Unavailable("Vault does not answer.", 1);
    await server.inject("/customers");
    const { body } = await server.inject("/metrics");
    expect(body).toContain('customer_store_duration_seconds_count{operation="list",outcome="ok"} 1');
    expect(body).toContain('customer_store_duration_seconds_count{operation="get",outcome="NotFound"} 1');
    expect(body).toContain('customer_store_duration_seconds_count{operation="list",outcome="Unavailable"} 1');
  });

  it("counts events of credentials", async () => {
    const { server, metrics } = await start();
    metrics.lifecycleEvent({ event: "login", role: "webapp-role", tokenSeconds: 3600 });
    metrics.lifecycleEvent({ event: "credentials", user: "v-1", leaseSeconds: 180 });
    metrics.lifecycleEvent({ event: "credentials", user: "v-2", leaseSeconds: 120 });
    metrics.lifecycleEvent({ event: "retry", what: "transit", reason: "sealed", attempt: 1 });
    const { body } = await server.inject("/metrics");
    expect(body).toContain("database_credentials_replaced_total 2");
    expect(body).toContain('lifecycle_events_total{event="login"} 1');
    expect(body).toContain('lifecycle_events_total{event="retry"} 1');
    expect(body).toContain("database_lease_granted_seconds 120");
    expect(body).toContain("vault_token_granted_seconds 3600");
    expect(body).not.toContain("v-1");
  });
});

describe("A server that stops", () => {
  it("finishes current requests and accepts no new ones", async () => {
    const application = new MemoryApplication();
    const page = await application.store.list({ page: 1, pageSize: 20 });
    let finish = () => {};
    const began = new Promise<void>((resolve) => {
      jest.spyOn(application.store, "list").mockImplementation(() => {
        resolve();
        return new Promise((done) => {
          finish = () => done(page);
        });
      });
    });
    const { server } = await start({}, application);
    const address = await server.listen({ port: 0, host: "127.0.0.1" });
    const answer = fetch(`${address}/customers`);
    await began;
    const closed = server.close();
    await expect(fetch(`${address}/healthz`)).rejects.toThrow();
    finish();
    expect((await answer).status).toBe(200);
    expect(await (await answer).text()).toContain("Ada Example");
    await closed;
  });
});

describe("The log", () => {
  it("has a line for each request, with its number, route and duration", async () => {
    const { server, lines } = await start();
    const answer = await server.inject({ url: "/customers/1?done=added", remoteAddress: "203.0.113.5" });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        event: "request",
        requestId: answer.headers["x-request-id"],
        method: "GET",
        route: "/customers/:id",
        status: 200,
        milliseconds: expect.any(Number),
        caller: "203.0.113.5",
      },
    ]);
  });

  it("does not accept a request number from the caller", async () => {
    const { server } = await start();
    const headers = { "x-request-id": "forged", "request-id": "forged" };
    expect((await server.inject({ url: "/healthz", headers })).headers["x-request-id"]).not.toBe("forged");
  });

  it("holds no input from a field, a search, an address, a header or a cookie", async () => {
    const { server, lines, application } = await start();
    const browser = new Browser(server);
    const entered = { ...newCustomer, firstName: "Zebedee", city: "Xanadu" };
    await browser.submit("/customers", entered);
    await browser.submit("/customers/4", { ...entered, city: "Ulthar", version: "1" });
    await browser.submit("/customers/4", { ...entered, city: "Kadath", version: "1" });
    await browser.submit("/customers", { ...entered, birthDate: "Rlyeh" });
    await browser.submit("/customers/search", { search: entered.socialSecurityNumber });
    await browser.submit("/customers/search", { search: "Innsmouth<" });
    await server.inject({
      method: "POST",
      url: "/api/customers",
      payload: { ...entered, nonsense: "Arkham" },
    });
    await server.inject({ method: "POST", url: "/api/customers", payload: "Dunwich" });
    await server.inject("/customers?search=Leng&Yuggoth=1");
    await server.inject("/Carcosa/900-44-4321");
    await server.inject("/customers/Celephais");
    await server.inject({
      url: "/customers",
      headers: { cookie: "form-token=Hastur", authorization: "Bearer Nyarlat" },
    });
    application.broken = new Error(`Duplicate entry 'Zebedee' for ${entered.cardNumber}`);
    await browser.submit("/customers", entered);
    const secrets = [
      ...Object.values(entered),
      ...["Ulthar", "Kadath", "Rlyeh", "Innsmouth", "Arkham", "nonsense", "Dunwich", "Leng", "Yuggoth"],
      ...["Carcosa", "Celephais", "Hastur", "Nyarlat", "_csrf"],
    ];
    const log = lines.join();
    expect(lines.length).toBeGreaterThanOrEqual(13);
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
  });

  it("has the origin of an unexpected error, without its message", () => {
    const error = Object.assign(new TypeError("of Zebedee\n    at Zebedee street"), { code: "ER_X" });
    const logged = withoutMessage(error);
    expect(logged).toMatchObject({ kind: "TypeError", code: "ER_X" });
    expect(logged.at[0]).toMatch(/^at .*operations\.test\.ts:\d+:\d+\)?$/);
    expect(JSON.stringify(logged)).not.toContain("Zebedee");
    expect(withoutMessage("Zebedee")).toEqual({ kind: "string", at: [] });
  });

  it("warns of events that somebody should look at", () => {
    const lines: string[] = [];
    const logger = createLogger({ write: (line: string) => void lines.push(line) });
    logLifecycleEvent(logger, { event: "login", role: "webapp-role", tokenSeconds: 60 });
    logLifecycleEvent(logger, { event: "failure", what: "login", reason: "Vault is sealed." });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "info", event: "login", role: "webapp-role", tokenSeconds: 60 },
      { level: "warn", event: "failure", what: "login", reason: "Vault is sealed." },
    ]);
  });
});
