import { readWebSettings } from "../../../app/web/web-settings";
import { newCustomer } from "./examples";
import { Browser, start } from "./web-client";

const form = { "content-type": "application/x-www-form-urlencoded" };
const json = { "content-type": "application/json" };

describe("A server on loopback", () => {
  it.each(["localhost", "localhost:8080", "127.0.0.1:8080", "127.3.2.1", "[::1]:8080"])(
    "answers at %s",
    async (host) => {
      const { server } = await start({ onLoopback: true });
      expect((await server.inject({ url: "/customers", headers: { host } })).statusCode).toBe(200);
    },
  );

  it.each([
    "attacker.example",
    "attacker.example:8080",
    "localhost.attacker.example",
    "127.0.0.1.nip.io",
    "10.0.1.4",
  ])("refuses %s, a name that an attacker's DNS points to it", async (host) => {
    const { server } = await start({ onLoopback: true });
    for (const url of ["/customers", "/api/customers", "/healthz", "/metrics"]) {
      const answer = await server.inject({ url, headers: { host } });
      expect([url, answer.statusCode]).toEqual([url, 403]);
      expect(answer.body).toContain("names another host");
    }
  });

  it("is a server on a VM, not on App Service", () => {
    expect(readWebSettings({ LISTEN_ADDRESS: "127.0.0.1" }).onLoopback).toBe(true);
    expect(readWebSettings({}).onLoopback).toBe(false);
    expect(readWebSettings({ LISTEN_ADDRESS: "127.0.0.1", WEBSITE_INSTANCE_ID: "x" }).onLoopback).toBe(false);
  });
});

describe("Every page", () => {
  it.each(["/customers", "/customers/new", "/customers/1", "/database", "/system", "/nowhere"])(
    "says that there is no sign-in: %s",
    async (url) => {
      const { server } = await start();
      const { body } = await server.inject({ url, headers: { accept: "text/html" } });
      expect(body).toContain("has no sign-in of its own");
    },
  );
});

describe("Every answer", () => {
  const headers = {
    "content-security-policy":
      "default-src 'none';style-src 'self';img-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "origin-agent-cluster": "?1",
    "permissions-policy": expect.stringContaining("camera=(), display-capture=()"),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
  };

  it.each([
    "/customers",
    "/customers/1",
    "/customers/999",
    "/nowhere",
    "/api/customers",
    "/api/nowhere",
    "/healthz",
  ])("at %s forbids scripts, frames and caches, and does not name the server", async (url) => {
    const { server } = await start();
    const answer = await server.inject(url);
    expect(answer.headers).toMatchObject({ ...headers, "cache-control": "no-store" });
    for (const name of [
      "server",
      "x-powered-by",
      "strict-transport-security",
      "access-control-allow-origin",
    ]) {
      expect(answer.headers).not.toHaveProperty(name);
    }
  });

  it("requires HTTPS in future behind App Service's HTTPS", async () => {
    const { server } = await start({ behindAppService: true });
    const answer = await server.inject("/customers");
    expect(answer.headers["strict-transport-security"]).toBe("max-age=31536000");
    expect(answer.headers["set-cookie"]).toMatch(
      /^__Host-form-token=[\w-]{24}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
  });

  it("has no inline script or style", async () => {
    const { server } = await start();
    for (const url of [
      "/customers",
      "/customers/new",
      "/customers/1",
      "/customers/1/edit",
      "/database",
      "/system",
    ]) {
      const { body } = await server.inject(url);
      expect(body).not.toMatch(/<script|<style|\sstyle=|\son\w+=|javascript:/i);
    }
  });

  it("allows caching only for the style sheet and the icon, which never change", async () => {
    const { server } = await start();
    const [, path = ""] = /rel="stylesheet" href="([^"]*)"/.exec((await server.inject("/system")).body) ?? [];
    const style = await server.inject(path);
    expect(style.statusCode).toBe(200);
    expect(style.headers).toMatchObject({
      "content-type": "text/css; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
    });
    const icon = await server.inject("/icon.svg");
    expect(icon.headers).toMatchObject({
      "content-type": "image/svg+xml",
      "cache-control": "public, max-age=86400",
    });
  });
});

describe("A form from another site", () => {
  const payload = new URLSearchParams(newCustomer).toString();
  const forms = ["/customers", "/customers/search", "/customers/1", "/customers/1/delete"];

  it.each(forms)(
    "is rejected at %s: without a token, with another user's token, without the cookie",
    async (url) => {
      const { server, application } = await start();
      const before = structuredClone([...application.customers]);
      const page = async () => {
        const { body, headers } = await server.inject("/customers/new");
        return {
          token: /name="_csrf" value="([^"]*)"/.exec(body)?.[1] ?? "",
          cookie: String(headers["set-cookie"]).split(";")[0] ?? "",
        };
      };
      const [own, other] = [await page(), await page()];
      for (const [cookie, token] of [
        [own.cookie, undefined],
        [own.cookie, ""],
        [own.cookie, other.token],
        [undefined, own.token],
        ["", own.token],
        [`${own.cookie}; ${other.cookie}`, own.token],
        ["form-token=", own.token],
        ["form-token=x", own.token],
      ]) {
        const answer = await server.inject({
          method: "POST",
          url,
          headers: { ...form, ...(cookie !== undefined && { cookie }) },
          payload: token === undefined ? payload : `${payload}&_csrf=${token}`,
        });
        expect(answer.statusCode).toBe(403);
        expect(answer.body).toContain("came from another site");
      }
      const twice = `${payload}&_csrf=${own.token}&_csrf=${own.token}`;
      const answer = await server.inject({
        method: "POST",
        url,
        headers: { ...form, cookie: own.cookie },
        payload: twice,
      });
      expect(answer.statusCode).toBe(403);
      expect([...application.customers]).toEqual(before);
    },
  );

  it("is accepted with the token and the cookie, also twice", async () => {
    const { server } = await start();
    const browser = new Browser(server);
    expect((await browser.submit("/customers", newCustomer)).statusCode).toBe(303);
    const other = {
      ...newCustomer,
      socialSecurityNumber: "900-44-4322",
      cardNumber: "4000000000000002",
      email: "",
    };
    expect((await browser.submit("/customers", other)).statusCode).toBe(303);
  });

  it.each([
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://localhost:81" },
    { origin: "https://localhost" },
    { origin: "not an origin" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("is refused if the browser sends %j", async (said) => {
    const { server, application } = await start();
    for (const [method, url, type] of [
      ["POST", "/customers", form],
      ["POST", "/api/customers", json],
      ["PUT", "/api/customers/1", json],
      ["DELETE", "/api/customers/1", {}],
    ] as const) {
      const answer = await server.inject({ method, url, headers: { ...type, ...said }, payload: "" });
      expect(answer.statusCode).toBe(403);
    }
    expect(application.customers.size).toBe(3);
  });

  it("does not affect pages for reading", async () => {
    const { server } = await start();
    const answer = await server.inject({ url: "/customers", headers: { "sec-fetch-site": "cross-site" } });
    expect(answer.statusCode).toBe(200);
  });

  it("knows its own origin behind App Service", async () => {
    const { server } = await start({ behindAppService: true });
    const headers = {
      ...json,
      host: "app.example",
      "x-forwarded-proto": "https",
      "x-forwarded-for": "203.0.113.9:1",
    };
    const send = (origin: string) =>
      server.inject({
        method: "POST",
        url: "/api/customers",
        headers: { ...headers, origin },
        payload: newCustomer,
      });
    expect((await send("https://app.example")).statusCode).toBe(201);
    expect((await send("http://app.example")).statusCode).toBe(403);
  });
});

describe("An address that sends too many requests", () => {
  const ask = (server: Awaited<ReturnType<typeof start>>["server"], from: string, forwarded?: string) =>
    server.inject({
      url: "/customers",
      remoteAddress: from,
      headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
    });

  it("must wait, while others need not", async () => {
    const { server } = await start({ requestsPerMinute: 2 });
    expect((await ask(server, "203.0.113.1")).statusCode).toBe(200);
    expect((await ask(server, "203.0.113.1")).statusCode).toBe(200);
    const refused = await ask(server, "203.0.113.1");
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(refused.body).toContain("too many requests");
    expect((await ask(server, "203.0.113.2")).statusCode).toBe(200);
  });

  it("must also wait at addresses that do not exist, and gets a problem document from the API", async () => {
    const { server } = await start({ requestsPerMinute: 1 });
    expect((await server.inject("/nowhere")).statusCode).toBe(404);
    expect((await server.inject("/nowhere")).statusCode).toBe(429);
    const api = await server.inject("/api/customers");
    expect([api.statusCode, api.headers["content-type"]]).toEqual([429, "application/problem+json"]);
  });

  it("may still use the health probe", async () => {
    const { server } = await start({ requestsPerMinute: 1 });
    for (let count = 0; count < 5; count += 1) {
      expect((await server.inject("/healthz")).statusCode).toBe(200);
      expect((await server.inject("/readyz")).statusCode).toBe(200);
    }
  });

  it("is the address that App Service names, not the caller's own header", async () => {
    const { server } = await start({ requestsPerMinute: 1, behindAppService: true });
    expect((await ask(server, "10.0.0.1", "1.1.1.1, 203.0.113.1:50001")).statusCode).toBe(200);
    expect((await ask(server, "10.0.0.1", "2.2.2.2, 203.0.113.1:50002")).statusCode).toBe(429);
    expect((await ask(server, "10.0.0.1", "203.0.113.2:50003")).statusCode).toBe(200);
  });

  it("is the connection's address elsewhere, for any header of the caller", async () => {
    const { server } = await start({ requestsPerMinute: 1 });
    expect((await ask(server, "203.0.113.1", "1.1.1.1")).statusCode).toBe(200);
    expect((await ask(server, "203.0.113.1", "2.2.2.2")).statusCode).toBe(429);
  });

  it("is a whole IPv6 network, because one computer has all of its addresses", async () => {
    const { server } = await start({ requestsPerMinute: 1, behindAppService: true });
    expect((await ask(server, "10.0.0.1", "[2001:db8:1:2::1]:50001")).statusCode).toBe(200);
    expect((await ask(server, "10.0.0.1", "[2001:db8:1:2:ffff::2]:50001")).statusCode).toBe(429);
    expect((await ask(server, "10.0.0.1", "2001:db8:1:3::1")).statusCode).toBe(200);
  });
});

describe("A request that this application does not know", () => {
  it.each([
    ["POST", "/system", ["GET", "HEAD"]],
    ["DELETE", "/customers/1", ["GET", "HEAD", "POST"]],
    ["PUT", "/api/customers", ["GET", "HEAD", "POST"]],
    ["PATCH", "/api/customers/1?x=1", ["DELETE", "GET", "HEAD", "PUT"]],
    ["GET", "/Customers", undefined],
    ["GET", "//customers", undefined],
    ["GET", "/apis", undefined],
    ["GET", "/api/nothing", undefined],
    ["GET", "/.env", undefined],
    ["GET", "/customers/%zz", undefined],
    ["GET", "/customers/%C0%AF", undefined],
    ["GET", "/customers/%", undefined],
    ["GET", `/customers/${"x".repeat(10_000)}`, undefined],
    ["GET", "/customers/../../etc/passwd", undefined],
    ["OPTIONS", "/api/customers", ["GET", "HEAD", "POST"]],
  ] as const)("%s %s is refused", async (method, url, allowed) => {
    const { server } = await start();
    const answer = await server.inject({ method, url });
    expect(answer.statusCode).toBe(allowed ? 405 : 404);
    expect(answer.headers["allow"]).toBe(allowed?.join(", "));
    expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(answer.headers["content-type"]).toBe(
      /^\/api(\/|\?|$)/.test(url) ? "application/problem+json" : "text/html; charset=utf-8",
    );
  });

  it("is rejected if it is larger than any customer", async () => {
    const { server, application } = await start();
    const long = "x".repeat(65 * 1024);
    const api = await server.inject({
      method: "POST",
      url: "/api/customers",
      payload: { ...newCustomer, city: long },
    });
    expect([api.statusCode, api.json().title]).toEqual([413, "Too large"]);
    const page = await server.inject({
      method: "POST",
      url: "/customers",
      headers: form,
      payload: `city=${long}`,
    });
    expect(page.statusCode).toBe(413);
    expect(application.customers.size).toBe(3);
  });

  it.each([
    ["/api/customers", "text/plain"],
    ["/api/customers", "application/x-www-form-urlencoded"],
    ["/api/customers", "multipart/form-data; boundary=x"],
    ["/api/customers", "application/xml"],
    ["/customers", "application/json"],
    ["/customers", "text/plain"],
    ["/customers", "multipart/form-data; boundary=x"],
  ])("is refused at %s when it is %s", async (url, type) => {
    const { server, application } = await start();
    const answer = await server.inject({
      method: "POST",
      url,
      headers: { "content-type": type },
      payload: JSON.stringify(newCustomer),
    });
    expect(answer.statusCode).toBe(415);
    expect(application.customers.size).toBe(3);
  });

  it.each([
    "{",
    "",
    "nul",
    '{"firstName":"secret-in-broken-json"',
    '{"__proto__":{"id":1}}',
    '{"constructor":{"prototype":{}}}',
  ])("is refused when its JSON is broken or poisoned, without an excerpt of it: %s", async (payload) => {
    const { server, lines } = await start();
    const answer = await server.inject({ method: "POST", url: "/api/customers", headers: json, payload });
    expect([400, 422]).toContain(answer.statusCode);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(`${answer.body}${lines.join()}`).not.toContain("secret-in-broken-json");
  });

  it("gets no details of an internal error", async () => {
    const { server, application, lines } = await start();
    application.broken = new Error("ER_DUP_ENTRY: Duplicate entry 'Grace' for key");
    for (const url of ["/customers", "/api/customers"]) {
      const answer = await server.inject(url);
      expect(answer.statusCode).toBe(500);
      expect(answer.body).not.toMatch(/ER_DUP|Grace|\.ts|node_modules|^\s*at /m);
      expect(answer.body).toContain(String(answer.headers["x-request-id"]));
    }
    expect(lines.join()).toContain('"event":"error"');
    expect(lines.join()).not.toMatch(/ER_DUP|Grace/);
  });
});
