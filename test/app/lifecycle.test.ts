import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync, readFileSync } from "node:fs";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { loadEnvironment } from "../../environments/load";
import type { VaultClient } from "../../lib/vault-api/vault-client";
import { itTakesLong, longTests } from "../long-tests";
import { describeWithVaultAndDatabase } from "../sandbox/programs-there";
import { useSandbox } from "../sandbox/system/running-sandbox";
import { tokenLike } from "../token-like";
import {
  ada,
  type HttpAnswer,
  inspector,
  RunningApplication,
  siteName,
  sleep,
  until,
  webAppClient,
  webAppSettings,
} from "./running-application";

const environment = loadEnvironment("demo");
environment.databaseRoles["long"] = {
  privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"],
  defaultTtl: "20s",
  maxTtl: "20s",
};

/** Seconds of steady load: two lives of the credentials, or six. */
const loadSeconds = longTests ? 120 : 45;

/** Milliseconds: a call's own deadline, and the delay of a busy machine. */
const answeredWithin = 8_000;

const listing = "GET /api/customers?page=1&pageSize=5";

describeWithVaultAndDatabase("The application's credentials", () => {
  const running = useSandbox({ upTo: "vault-config", environment });
  let app: RunningApplication;
  let database: Connection;
  jest.setTimeout(240_000);

  beforeAll(async () => {
    app = await RunningApplication.start(webAppSettings(running.sandbox));
    await app.untilReady();
    database = await inspector(running.sandbox);
  }, 240_000);

  afterEach(() => RunningApplication.closeAllBut(app));
  afterAll(async () => {
    await database?.end();
    await RunningApplication.closeAllBut();
  });

  /** Returns the remaining users that Vault created. */
  async function usersLeft(): Promise<string[]> {
    const [rows] = await database.query<RowDataPacket[]>(
      "SELECT User AS name FROM mysql.user WHERE User LIKE 'v-%'",
    );
    return rows.map(({ name }) => name);
  }

  async function lost(acknowledged: readonly number[]): Promise<number[]> {
    const [rows] = await database.query<RowDataPacket[]>("SELECT id FROM customers");
    const stored = new Set(rows.map(({ id }) => id));
    return acknowledged.filter((id) => !stored.has(id));
  }

  /**
   * Adds customers while something breaks, until the application has recovered by itself. Meanwhile each rejected request gets
   * a 503, a reason and Retry-After, and no acknowledged customer is lost.
   */
  async function whileWriting(
    breakIt: (written: { acknowledged: number[]; refusals: HttpAnswer[] }) => Promise<void>,
  ): Promise<HttpAnswer[]> {
    const acknowledged: number[] = [];
    const refusals: HttpAnswer[] = [];
    let on = true;
    const writer = async () => {
      while (on) {
        const answer = await app.ask("POST /api/customers", ada);
        if (answer.status === 201) acknowledged.push(answer.body.id);
        else refusals.push(answer);
        await sleep(50);
      }
    };
    const writing = Promise.all([writer(), writer()]);
    try {
      await until("the first write", () => acknowledged.length > 0);
      await breakIt({ acknowledged, refusals });
      await app.untilReady(90_000);
      const recovered = acknowledged.length;
      await until("a write after it has recovered", () => acknowledged.length > recovered);
    } finally {
      on = false;
      await writing;
    }
    for (const { status, retryAfter, body } of refusals) {
      expect([status, body.status, body.detail]).toEqual([
        503,
        503,
        expect.stringMatching(/^[A-Z].{10,}\.$/),
      ]);
      expect(retryAfter).toBeGreaterThan(0);
      expect(body.detail).not.toMatch(tokenLike);
      expect(body.detail).not.toMatch(/v-jwt|password/);
    }
    if (!(await isOpen())) database = await inspector(running.sandbox);
    expect(await lost(acknowledged)).toEqual([]);
    return refusals;
  }

  async function isOpen(): Promise<boolean> {
    return database.query("SELECT 1").then(
      () => true,
      () => false,
    );
  }

  /** Waits for a replacement of the credentials, so that the test does not run into the next one. */
  async function untilFresh(): Promise<void> {
    const before = app.of("credentials").length;
    await until("other credentials", () => app.of("credentials").length > before);
  }

  it(`of 20 s serve ${loadSeconds} s of load without a failed request, and Vault drops every user afterwards`, async () => {
    const loaded = await RunningApplication.start(webAppSettings(running.sandbox));
    await loaded.untilReady();
    const failures: HttpAnswer[] = [];
    const acknowledged: number[] = [];
    let requests = 0;
    const end = Date.now() + loadSeconds * 1000;
    const client = async (request: string, pauseMs: number, body?: unknown) => {
      while (Date.now() < end) {
        const answer = await loaded.ask(request, body);
        requests += 1;
        if (answer.status === 201) acknowledged.push(answer.body.id);
        else if (answer.status !== 200) failures.push(answer);
        await sleep(pauseMs);
      }
    };
    await Promise.all([
      client("POST /api/customers", 200, ada),
      client("GET /api/customers?page=1&pageSize=25", 50),
      client("GET /api/stored-customers?page=2&pageSize=25", 50),
      client("GET /readyz", 100),
    ]);
    await loaded.close();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(loadSeconds * 10);
    const users = loaded.of("credentials").map(({ user }) => user);
    expect(users.length).toBeGreaterThanOrEqual(Math.floor(loadSeconds / 20));
    // The application used each user, and drained its pool before the user's life was over.
    expect(loaded.of("pool-drained").map(({ user }) => user)).toEqual(users);
    await until("every user to be gone", async () => {
      const left = await usersLeft();
      return users.every((user) => !left.includes(user));
    });
    expect(await lost(acknowledged)).toEqual([]);
  });

  it("recover after Vault revokes their lease and drops the user", async () => {
    const before = (await app.ask("GET /api/status")).body.database;
    const token = await tokenThatMayRevoke();
    await whileWriting(async () => {
      const { database: own } = (await app.ask("GET /api/status")).body;
      await until("Vault to revoke the lease", async () => {
        await token.request({ method: "POST", path: "sys/leases/revoke", body: { lease_id: own.leaseId } });
        return !(await usersLeft()).includes(own.user);
      });
      // A dropped user's sessions continue until they end, so only the next session or a probe finds out.
      await endSessionsOf(own.user);
      await until("another user", async () => {
        const now = (await app.ask("GET /api/status")).body.database;
        return now.user !== own.user && now.user !== "";
      });
    });
    expect((await app.ask("GET /api/status")).body.database.user).not.toBe(before.user);
  });

  /** Vault's API with the right to revoke leases. No identity of the system has it, so the test grants it for a moment. */
  async function tokenThatMayRevoke(): Promise<VaultClient> {
    const deployer = await running.deployer();
    const policy = "sys/policies/acl/workload-webapp";
    const before = String((await deployer.read(policy))?.["policy"]);
    const more = `${before}\npath "sys/leases/revoke" {\n  capabilities = ["update"]\n}\n`;
    await deployer.request({ method: "POST", path: policy, body: { policy: more } });
    undo.push(() => deployer.request({ method: "POST", path: policy, body: { policy: before } }));
    return webAppClient(running.sandbox);
  }

  const undo: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0)) await step();
  });

  async function endSessionsOf(user: string): Promise<void> {
    const [rows] = await database.query<RowDataPacket[]>(
      "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ?",
      [user],
    );
    for (const { id } of rows) await database.query(`KILL ${Number(id)}`).catch(() => {});
  }

  it("recover after their token is revoked, and name the failing part while the identity endpoint fails", async () => {
    const deployer = await running.deployer();
    const path = "auth/jwt/role/webapp-role";
    const role = (await deployer.read(path)) ?? {};
    const change = (body: object) => deployer.request({ method: "POST", path, body: { ...role, ...body } });
    // Batch tokens cannot be revoked.
    await change({ token_type: "service", token_ttl: 600 });
    undo.push(() => change({}));
    const other = await RunningApplication.start(webAppSettings(running.sandbox), { seed: false });
    await other.untilReady();
    const { azure } = running.sandbox;
    const host = `${siteName(running.sandbox)}.identity`;
    const fault = azure.faults.add({ when: (request) => request.host === host, answer: { status: 500 } });
    try {
      const token = await tokenOf(() => other.ask(listing));
      // The application does not replace new credentials at their first refusal.
      await until("the token to be older than five seconds", async () => {
        return (await other.ask("GET /api/status")).body.vault.tokenSecondsLeft < 594;
      });
      await running.client(token, siteName(running.sandbox)).logOut();
      let refused: HttpAnswer | undefined;
      await until("the reason", async () => {
        refused = await other.ask(listing);
        return /identity endpoint refuses a token \(500\)/.test(refused.body.detail);
      });
      expect(refused?.status).toBe(503);
      expect(refused?.retryAfter).toBeGreaterThan(0);
      const readiness = await other.ask("GET /readyz");
      expect([readiness.status, readiness.body.reasons.join()]).toEqual([
        503,
        expect.stringContaining("identity endpoint"),
      ]);
      fault.remove();
      await other.untilReady();
      expect((await other.ask(listing)).status).toBe(200);
      expect(other.of("login").length).toBeGreaterThan(1);
    } finally {
      fault.remove();
    }
  });

  /** The token in the next request to Vault, read from undici's own diagnostics. */
  async function tokenOf(request: () => Promise<unknown>): Promise<string> {
    let token = "";
    const read = (message: unknown) => {
      const { headers } = (message as { request: { headers: string[] | string } }).request;
      token ||= /hvs\.[\w-]+/.exec([headers].flat().join("\n"))?.[0] ?? "";
    };
    subscribe("undici:request:create", read);
    try {
      await request();
    } finally {
      unsubscribe("undici:request:create", read);
    }
    expect(token).not.toBe("");
    return token;
  }

  it("stay available if Vault is killed: calls outlast its restart", async () => {
    await whileWriting(async () => {
      const { vault } = running.sandbox;
      const before = vault.pid("vault.service");
      vault.kill("vault.service", "SIGKILL");
      expect((await app.ask(listing)).status).toBe(200);
      expect(vault.pid("vault.service")).not.toBe(before);
    });
  });

  it("are reported as unavailable while Vault is sealed, and recover by themselves", async () => {
    const refusals = await whileWriting(async ({ refusals }) => {
      const { azure, vault } = running.sandbox;
      const fault = azure.faults.add({
        when: ({ path }) => path.includes("unwrapkey"),
        answer: { status: 503 },
      });
      undo.push(async () => fault.remove());
      vault.kill("vault.service", "SIGKILL");
      await until("a refusal", () => refusals.length > 0);
      const asked = Date.now();
      const { status, body } = await app.ask(listing);
      expect([status, body.detail]).toEqual([
        503,
        expect.stringMatching(/^Vault (?:is sealed|does not answer)/),
      ]);
      expect(Date.now() - asked).toBeLessThan(answeredWithin);
      const readiness = await app.ask("GET /readyz");
      expect([readiness.status, readiness.retryAfter > 0]).toEqual([503, true]);
      expect((await app.ask("GET /healthz")).status).toBe(200);
      fault.remove();
    });
    expect(refusals.length).toBeGreaterThan(0);
  });

  /** Stops Vault's process. On a busy machine, its threads still run for a moment after the signal. */
  async function stopVault(): Promise<void> {
    const { vault } = running.sandbox;
    vault.kill("vault.service", "SIGSTOP");
    const tasks = `/proc/${vault.pid("vault.service")}/task`;
    const isStopped = (task: string) => /\) T /.test(readFileSync(`${tasks}/${task}/stat`, "utf8"));
    await until("Vault's threads to stop", () => readdirSync(tasks).every(isStopped));
  }

  it("arrive late while Vault is slow, and an error comes in time if Vault hangs", async () => {
    const { vault } = running.sandbox;
    await untilFresh();
    const slowMs = 1_000;
    await stopVault();
    undo.push(async () => vault.kill("vault.service", "SIGCONT"));
    const asked = Date.now();
    const slow = app.ask(listing);
    await sleep(slowMs);
    vault.kill("vault.service", "SIGCONT");
    expect((await slow).status).toBe(200);
    expect(Date.now() - asked).toBeGreaterThanOrEqual(slowMs);
    const refusals = await whileWriting(async ({ refusals }) => {
      await stopVault();
      const hung = Date.now();
      const { status, body } = await app.ask(listing);
      const answeredAfter = Date.now() - hung;
      await until("a refusal", () => refusals.length > 0);
      vault.kill("vault.service", "SIGCONT");
      expect([status, body.detail]).toEqual([503, expect.stringContaining("no answer in time")]);
      expect(answeredAfter).toBeLessThan(answeredWithin);
    });
    expect(refusals.length).toBeGreaterThan(0);
  });

  it("outlast a restart of the database without losing an acknowledged write", async () => {
    const refusals = await whileWriting(async ({ refusals }) => {
      await running.sandbox.database.kill();
      await until("a refusal", () => refusals.length > 0);
      const { status, body } = await app.ask(listing);
      expect([status, body.detail]).toEqual([503, expect.stringMatching(/^The database does not answer/)]);
      await running.sandbox.database.restart();
    });
    expect(refusals.length).toBeGreaterThan(0);
  });

  it("follow a renewed certificate of Vault", async () => {
    const { sandbox } = running;
    const settings = webAppSettings(sandbox);
    if (settings.way !== "vault") throw new Error("not the web app's way");
    const [name = ""] = new URL(settings.certificateUrl ?? "").hostname.split(".");
    await sandbox.azure.renewCertificate(name, "vault-tls");
    await sandbox.vault.run("vault-certificate.service");
    await sandbox.refreshVaultCertificate();
    // This application starts with the certificate in its settings, which is the previous one.
    const again = await RunningApplication.start(settings, { seed: false });
    await again.untilReady();
    expect(again.of("certificate-renewed")).toHaveLength(1);
    // The running application reconnects, at the latest after Vault's restart.
    await whileWriting(async () => {
      sandbox.vault.kill("vault.service", "SIGKILL");
      await until("the renewed certificate", () => app.of("certificate-renewed").length === 1);
    });
  });

  itTakesLong("come with the newest certificate while Vault still serves the previous one", async () => {
    const { sandbox } = running;
    const settings = webAppSettings(sandbox);
    if (settings.way !== "vault") throw new Error("not the web app's way");
    const [name = ""] = new URL(settings.certificateUrl ?? "").hostname.split(".");
    await sandbox.azure.renewCertificate(name, "vault-tls");
    const caPem = sandbox.azure.keyVault(name).certificate("vault-tls");
    const early = await RunningApplication.start({ ...settings, caPem }, { seed: false });
    await early.untilReady();
    await sandbox.vault.run("vault-certificate.service");
    await sandbox.refreshVaultCertificate();
  });

  itTakesLong(
    "are missing with a reason while the identity endpoint fails at the start, and come when it works",
    async () => {
      const { azure } = running.sandbox;
      const host = `${siteName(running.sandbox)}.identity`;
      const fault = azure.faults.add({ when: (request) => request.host === host, answer: { status: 500 } });
      undo.push(async () => fault.remove());
      const other = await RunningApplication.start(webAppSettings(running.sandbox), { seed: false });
      await until("the reason", async () =>
        (await other.ask("GET /readyz")).body.reasons.join().includes("identity endpoint"),
      );
      const { status, retryAfter, body } = await other.ask("GET /api/customers/1");
      expect([status, body.detail]).toEqual([
        503,
        expect.stringContaining("App Service's identity endpoint refuses a token (500)."),
      ]);
      expect(retryAfter).toBeGreaterThan(0);
      fault.remove();
      await other.untilReady();
      expect((await other.ask("GET /api/customers/1")).status).toBe(200);
    },
  );

  it("are missing while a clock is wrong, with an error that names the clock, and come when it is right", async () => {
    const { tokenLifetimes } = running.sandbox.azure;
    const { managedIdentity } = tokenLifetimes;
    const setRight = () => Object.assign(tokenLifetimes, { managedIdentity });
    undo.push(async () => void setRight());
    // Vault's clock is ten minutes ahead of Entra's, so Vault sees a new token as expired.
    Object.assign(tokenLifetimes, { managedIdentity: -600 });
    const settings = webAppSettings(running.sandbox);
    if (settings.way !== "vault") throw new Error("not the web app's way");
    // The application starts with the newest certificate, so it does not use such a token to ask Key Vault.
    const caPem = readFileSync(running.sandbox.vaultCertificateFile, "utf8");
    const other = await RunningApplication.start({ ...settings, caPem }, { seed: false });
    const reasons = async () => (await other.ask("GET /readyz")).body.reasons?.join() ?? "";
    await until("the reason", async () =>
      /token is expired.*The clock of Vault's VM or/.test(await reasons()),
    );
    setRight();
    await other.untilReady();
    await other.close();
  });

  itTakesLong("work with service tokens, too: renewed, and replaced at the end of their life", async () => {
    const vault = await running.deployer();
    const path = "auth/jwt/role/webapp-role";
    const before = (await vault.read(path)) ?? {};
    const change = (body: object) => vault.request({ method: "POST", path, body: { ...before, ...body } });
    undo.push(() => change({}));
    const listUntil = async (what: string, holds: (other: RunningApplication) => boolean) => {
      const other = await RunningApplication.start(webAppSettings(running.sandbox), { seed: false });
      await other.untilReady();
      const failures: HttpAnswer[] = [];
      await until(what, async () => {
        const answer = await other.ask(listing);
        if (answer.status !== 200) failures.push(answer);
        return holds(other);
      });
      expect(failures).toEqual([]);
      await other.close();
    };
    await change({ token_type: "service", token_ttl: 6, token_max_ttl: 14 });
    await listUntil("a renewed and a replaced token", (other) => {
      return other.of("token-renewed").length > 0 && other.of("login").length > 1;
    });
    await change({ token_type: "service", token_num_uses: 60 });
    await listUntil("a token after one that was used up", (other) => other.of("login").length > 1);
  });

  it("are not in the log, and neither are tokens and input", async () => {
    await app.ask("POST /api/customers", ada);
    await app.ask("POST /api/customers/search", { search: ada.socialSecurityNumber });
    await app.ask("POST /api/customers", { ...ada, email: "no address of ada.countess" });
    const log = app.lines.join("");
    expect(log).toContain('"event":"credentials"');
    expect(log).toContain('"route":"/api/customers/search"');
    expect(log).not.toMatch(tokenLike);
    expect(log).not.toMatch(/912-34-5678|Lovelace|ada\.countess/);
  });
});
