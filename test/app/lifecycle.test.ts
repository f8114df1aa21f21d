import type { Connection, RowDataPacket } from "mysql2/promise";
import { Unavailable } from "../../app/errors";
import { loadEnvironment } from "../../environments/load";
import { describeWithVaultAndDatabase } from "../sandbox/programs-there";
import { useSandbox } from "../sandbox/system/running-sandbox";
import {
  ada,
  inspector,
  RunningApplication,
  reasonOf,
  siteName,
  sleep,
  until,
  webAppSettings,
} from "./running-application";

const environment = loadEnvironment("demo");
environment.databaseRoles["long"] = {
  privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"],
  defaultTtl: "20s",
  maxTtl: "20s",
};

/** Seconds of steady load: three lives of the credentials. */
const loadSeconds = Number(process.env["APP_LOAD_SECONDS"] ?? 65);

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

  afterAll(async () => {
    await database?.end();
    await app?.close();
  });

  /** Of those that Vault made for the application, who is still there. */
  async function usersLeft(): Promise<string[]> {
    const [rows] = await database.query<RowDataPacket[]>(
      "SELECT User AS name FROM mysql.user WHERE User LIKE 'v-%'",
    );
    return rows.map(({ name }) => name);
  }

  it(`of 20 s serve ${loadSeconds} s of load without a failed call, and the expired users are gone`, async () => {
    const failures: unknown[] = [];
    let calls = 0;
    const acknowledged: number[] = [];
    const end = Date.now() + loadSeconds * 1000;
    const client = async (write: boolean) => {
      while (Date.now() < end) {
        await (write
          ? app.store.add(ada).then(({ id }) => acknowledged.push(id))
          : app.store.list({ page: 1, pageSize: 25 })
        ).catch((error) => failures.push(error));
        calls += 1;
        await sleep(write ? 200 : 20);
      }
    };
    await Promise.all([client(true), client(false), client(false), client(false)]);
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(loadSeconds * 10);
    const users = app.of("credentials").map(({ user }) => user);
    expect(users.length).toBeGreaterThanOrEqual(Math.floor(loadSeconds / 20));
    const [before] = [users.slice(0, -2)];
    await until("the expired users to be gone", async () => {
      const left = await usersLeft();
      return before.every((user) => !left.includes(user));
    });
    const drained = app.of("pool-drained").map(({ user }) => user);
    expect(drained).toEqual(expect.arrayContaining(before));
    const [rows] = await database.query<RowDataPacket[]>("SELECT id FROM customers");
    const stored = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  });

  it("recover when a lease is revoked: the user gone, its connections cut", async () => {
    await untilFresh();
    await sleep(5_500);
    const { user } = (await app.application.status()).database;
    await database.query(`DROP USER '${user}'@'%'`);
    await database.end();
    // Sessions of a dropped user go on until they end; a restart ends them.
    await running.sandbox.database.restart();
    const calls = [1, 2, 3, 4].map(() => app.store.list({ page: 1, pageSize: 5 }));
    expect((await Promise.all(calls)).map(({ rows }) => rows.length)).toEqual([5, 5, 5, 5]);
    expect((await app.application.status()).database.user).not.toBe(user);
    database = await inspector(running.sandbox);
  });

  /** Right after credentials were replaced, so that what follows is not a replacement in its turn. */
  async function untilFresh(): Promise<void> {
    const before = app.of("credentials").length;
    await until("other credentials", () => app.of("credentials").length > before);
  }

  it("and calls outlast a restart of Vault", async () => {
    running.sandbox.vault.kill("vault.service", "SIGKILL");
    const { rows } = await app.store.list({ page: 1, pageSize: 5 });
    expect(rows).toHaveLength(5);
  });

  it("say that Vault is sealed or away while it is, and are back by themselves", async () => {
    const { azure, vault } = running.sandbox;
    const fault = azure.faults.add({
      when: ({ path }) => path.includes("unwrapkey"),
      answer: { status: 503 },
    });
    vault.kill("vault.service", "SIGKILL");
    const asked = Date.now();
    const reason = await reasonOf(app.store.list({ page: 1, pageSize: 5 }));
    expect(reason).toMatch(/^Vault (?:is sealed|does not answer)/);
    expect(Date.now() - asked).toBeLessThan(7_000);
    const { ready, reasons, retryAfterSeconds } = await app.application.ready();
    expect({ ready, reasons: reasons.join(" ") }).toEqual({
      ready: false,
      reasons: expect.stringMatching(/Vault/),
    });
    expect(retryAfterSeconds).toBeGreaterThan(0);
    fault.remove();
    await app.untilReady(90_000);
    expect((await app.store.list({ page: 1, pageSize: 5 })).rows).toHaveLength(5);
  });

  it("wait for a Vault that hangs, and say so in time", async () => {
    const { vault } = running.sandbox;
    await untilFresh();
    vault.kill("vault.service", "SIGSTOP");
    const short = app.store.list({ page: 1, pageSize: 5 });
    await sleep(1_000);
    vault.kill("vault.service", "SIGCONT");
    expect((await short).rows).toHaveLength(5);
    vault.kill("vault.service", "SIGSTOP");
    const asked = Date.now();
    const reason = await reasonOf(app.store.list({ page: 1, pageSize: 5 }));
    vault.kill("vault.service", "SIGCONT");
    expect(reason).toMatch(/no answer in time/);
    expect(Date.now() - asked).toBeLessThan(7_000);
    await app.untilReady();
  });

  it("outlast a restart of the database, and lose no write that was acknowledged", async () => {
    const acknowledged: number[] = [];
    const problems: unknown[] = [];
    let on = true;
    const writer = async () => {
      while (on)
        await app.store.add(ada).then(
          ({ id }) => acknowledged.push(id),
          (error) => problems.push(error),
        );
    };
    const writing = Promise.all([writer(), writer()]);
    await sleep(500);
    await running.sandbox.database.kill();
    await sleep(500);
    await running.sandbox.database.restart();
    await sleep(1_500);
    on = false;
    await writing;
    expect(problems.every((problem) => problem instanceof Unavailable)).toBe(true);
    await app.untilReady();
    await database.end().catch(() => {});
    database = await inspector(running.sandbox);
    const [rows] = await database.query<RowDataPacket[]>("SELECT id FROM customers");
    const stored = new Set(rows.map(({ id }) => id));
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  });

  it("follow a renewed certificate of Vault", async () => {
    const { sandbox } = running;
    const settings = webAppSettings(sandbox);
    if (settings.way !== "vault") throw new Error("not the web app's way");
    const [name = ""] = new URL(settings.certificateUrl ?? "").hostname.split(".");
    await sandbox.azure.renewCertificate(name, "vault-tls");
    await sandbox.vault.run("vault-certificate.service");
    await sandbox.refreshVaultCertificate();
    // Started with the certificate that its settings hold, which is the one before.
    const again = await RunningApplication.start(settings, { seed: false });
    await again.untilReady();
    expect(again.of("certificate-renewed")).toHaveLength(1);
    await again.close();
    // Idle for longer than connections are kept, so that it connects anew.
    await sleep(6_000);
    expect(await reasonOf(app.store.list({ page: 1, pageSize: 5 }))).toBe("");
    expect(app.of("certificate-renewed").length).toBeLessThanOrEqual(1);
  });

  it("cannot be had while the identity endpoint fails, which is said, and come once it works", async () => {
    const { azure } = running.sandbox;
    const host = `${siteName(running.sandbox)}.identity`;
    const fault = azure.faults.add({ when: (request) => request.host === host, answer: { status: 500 } });
    const other = await RunningApplication.start(webAppSettings(running.sandbox), { seed: false });
    await until("the reason", async () =>
      (await other.application.ready()).reasons.join().includes("identity endpoint"),
    );
    expect(await reasonOf(other.store.get(1))).toBe("App Service's identity endpoint refuses a token (500).");
    fault.remove();
    await other.untilReady();
    expect((await other.store.get(1)).id).toBe(1);
    await other.close();
  });

  it("hang on service tokens as well: renewed, replaced, and followed when they are used up", async () => {
    const vault = await running.deployer();
    const path = "auth/jwt/role/webapp-role";
    const before = (await vault.read(path)) ?? {};
    const change = (body: object) => vault.request({ method: "POST", path, body: { ...before, ...body } });
    const check = async (seconds: number) => {
      const other = await RunningApplication.start(webAppSettings(running.sandbox), { seed: false });
      await other.untilReady();
      const end = Date.now() + seconds * 1000;
      const failures: unknown[] = [];
      while (Date.now() < end) {
        await other.store.list({ page: 1, pageSize: 5 }).catch((error) => failures.push(error));
        await sleep(100);
      }
      expect(failures).toEqual([]);
      await other.close();
      return other;
    };
    try {
      await change({ token_type: "service", token_ttl: 8, token_max_ttl: 20 });
      const renewing = await check(22);
      expect(renewing.of("token-renewed").length).toBeGreaterThan(0);
      expect(renewing.of("login").length).toBeGreaterThan(1);
      await change({ token_type: "service", token_num_uses: 60 });
      expect((await check(20)).of("login").length).toBeGreaterThan(1);
    } finally {
      await change({});
    }
  });
});
