import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { unzipSync, zipSync } from "fflate";
import type { Connection } from "mysql2/promise";
import { Agent, request } from "undici";
import { readSettings, type Settings } from "../../app/settings";
import type { Machine } from "../../sandbox/machine/machine";
import { longTests } from "../long-tests";
import { describeWithVaultAndDatabase } from "../sandbox/programs-there";
import { outagesOfAll } from "../sandbox/system/outages";
import { type RunningSandbox, useSandbox } from "../sandbox/system/running-sandbox";
import { tokenLike } from "../token-like";
import { ada, dump, inspector, latestKeyVersion, RunningApplication, until } from "./running-application";
import { inABrowser } from "./web/in-a-browser";

const unit = "app.service";

/** Subjects that share one system, because its start takes as long as one of them. */
describeWithVaultAndDatabase("In the whole system:", () => {
  const running = useSandbox();
  besideVaultAgent(running);
  inABrowser(running);
  outagesOfAll(running);
});

function besideVaultAgent(running: RunningSandbox): void {
  describe("The application beside Vault Agent", () => {
    let database: Connection;
    let agent: Machine;
    let file: string;

    beforeAll(async () => {
      [agent] = [...running.sandbox.agents.values()] as [Machine];
      file = agent.path("/ramdisk/app/config.json");
      // The web app creates the schema. An agent's role may not.
      await until(
        "the application to be ready",
        async () => (await ask("GET /readyz")).status === 200,
        90_000,
      );
      database = await inspector(running.sandbox);
    }, 240_000);

    afterEach(() => RunningApplication.closeAllBut());
    afterAll(() => database?.end());

    /** Sends a request to the VM's own unit. `request` is METHOD path. */
    async function ask(request: string, body?: unknown) {
      const [method = "", path] = request.split(" ");
      const answer = await fetch(`http://${agent.loopback}:8080${path}`, {
        method,
        ...(body !== undefined && {
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        }),
      }).catch(() => undefined);
      const text = (await answer?.text()) ?? "";
      return { status: answer?.status, body: text.startsWith("{") ? JSON.parse(text) : text };
    }

    const settings = (): Settings =>
      readSettings({ APP_CONFIG_FILE: file, SSL_CERT_FILE: running.sandbox.caFile });
    const startHere = (configFile = file) =>
      RunningApplication.start({ ...settings(), configFile } as Settings);

    /** Another subject may rotate the key. */
    const keyVersion = () => latestKeyVersion(running.sandbox);

    it("is the package of the web app, installed by the user data", () => {
      const [site] = [...running.sandbox.webApps.keys()];
      const deployed = readFileSync(join(running.folder, `web-app/${site}/server.js`));
      expect(readFileSync(agent.path("/var/lib/app/current/server.js")).equals(deployed)).toBe(true);
    });

    it("runs as its own user, which cannot read Vault Agent's token and gets no login", () => {
      const text = readFileSync(agent.path("/etc/systemd/system/app.service"), "utf8");
      expect(text).toMatch(/^User=app$/m);
      const environment = readFileSync(`/proc/${agent.pid(unit)}/environ`, "utf8");
      expect(environment).toContain("APP_CONFIG_FILE=");
      expect(environment).not.toMatch(/VAULT_|IDENTITY_|AZURE_/);
      expect(agent.output(unit)).not.toMatch(tokenLike);
    });

    it("lists and adds as the web app does, and the database holds no plaintext", async () => {
      const { status, body } = await ask("GET /api/customers?page=1&pageSize=10");
      expect([status, body.rows.length]).toEqual([200, 10]);
      expect(body.rows[0].email).toMatch(/@example\.com$/);
      const added = await ask("POST /api/customers", ada);
      expect(added).toMatchObject({ status: 201, body: ada });
      const { id } = added.body;
      expect(await ask(`GET /api/customers/${id}`)).toMatchObject({ status: 200, body: ada });
      const stored = await dump(database);
      expect(Object.values(ada).filter((value) => stored.includes(value))).toEqual([]);
      // The web app reads what the VM wrote.
      const [webApp] = [...running.sandbox.webApps.values()];
      expect(await (await fetch(`${webApp?.url}/api/customers/${id}`)).json()).toMatchObject(ada);
      expect((await ask(`DELETE /api/customers/${id}`)).status).toBe(204);
      expect(await dump(database)).not.toMatch(new RegExp(`"customer_id":${id},`));
    });

    it("shows people the same pages", async () => {
      const { status, body } = await ask("GET /customers");
      expect([status, body]).toEqual([200, expect.stringContaining("<h1>Customers</h1>")]);
    });

    it("gets its identity from Vault", async () => {
      expect((await ask("GET /api/status")).body).toMatchObject({
        way: "agent",
        readiness: { ready: true },
        vault: { role: "agent-role", policies: ["default", "workload-agent"] },
        identity: { vm_name: expect.any(String) },
        database: { user: expect.stringMatching(/^v-azure/), leaseSecondsLeft: expect.any(Number) },
        transit: { key: "customer-key", latestVersion: await keyVersion() },
      });
    });

    it("rewraps with the package's command, as the application's user on the VM", async () => {
      const command = agent.path("/var/lib/app/current/rewrap.js");
      const { stderr } = await promisify(execFile)(process.execPath, [command], {
        env: { APP_CONFIG_FILE: file, SSL_CERT_FILE: running.sandbox.caFile },
      });
      const end = `rewrap: done, 0 customers; all are at version ${await keyVersion()} of the key`;
      expect(stderr.split("\n")).toContain(end);
    });

    it("keeps running while the package is unchanged, and restarts with a newer package", async () => {
      const release = () => readlinkSync(agent.path("/var/lib/app/current"));
      const before = { pid: agent.pid(unit), release: release() };
      expect(await agent.run("app-package.service")).toEqual({ code: 0, output: "" });
      expect({ pid: agent.pid(unit), release: release() }).toEqual(before);

      const store = join(running.folder, "stacks/stacks/agent-vm/assets/app.zip");
      const pushed = readFileSync(store);
      writeFileSync(store, "no zip file");
      const broken = await agent.run("app-package.service");
      expect([broken.code, broken.output]).toEqual([1, expect.stringContaining("is not a zip file. Deploy")]);
      expect({ pid: agent.pid(unit), release: release() }).toEqual(before);

      const files = unzipSync(pushed);
      const marked = Buffer.concat([files["server.js"] as Uint8Array, Buffer.from("\n// newer\n")]);
      const follow = async (zip: Uint8Array) => {
        const pid = agent.pid(unit);
        writeFileSync(store, zip);
        expect((await agent.run("app-package.service")).code).toBe(0);
        await until("the application on the other package", async () => {
          return agent.pid(unit) !== pid && (await ask("GET /readyz")).status === 200;
        });
      };
      await follow(zipSync({ ...files, "server.js": marked }));
      expect(release()).not.toBe(before.release);
      expect(readFileSync(agent.path("/var/lib/app/current/server.js"), "utf8")).toMatch(/\/\/ newer\n$/);
      await follow(pushed);
    });

    it("restarts from its current package while the package store is down", async () => {
      const away = running.sandbox.azure.faults.add({
        when: ({ host }) => host.includes(".blob."),
        answer: { status: 503 },
      });
      try {
        await agent.restart(unit);
        await until("the application to be ready", async () => (await ask("GET /readyz")).status === 200);
      } finally {
        away.remove();
      }
    });

    it("swaps credentials when the file changes, without a failed call, and keeps them when the file is broken", async () => {
      const own = `${running.folder}/config.json`;
      const rendered = JSON.parse(readFileSync(file, "utf8"));
      writeFileSync(own, JSON.stringify(rendered));
      const other = await startHere(own);
      await other.untilReady();
      const failures: unknown[] = [];
      let on = true;
      const load = (async () => {
        while (on) await other.store.list({ page: 1, pageSize: 5 }).catch((error) => failures.push(error));
      })();
      try {
        writeFileSync(own, '{"database": ');
        await until("the complaint", () => other.of("failure").length > 0);
        await makeUser("swapped");
        Object.assign(rendered.database, { user: "swapped", password: madeUp });
        writeFileSync(`${own}.new`, JSON.stringify(rendered));
        renameSync(`${own}.new`, own);
        await until("the drained pool", () => other.of("pool-drained").length === 1);
        expect((await other.application.status()).database.user).toBe("swapped");
      } finally {
        on = false;
        await load;
      }
      expect(failures).toEqual([]);
      expect(JSON.stringify([other.events, other.lines])).not.toContain(madeUp);
    });

    it("swaps credentials on SIGHUP if no file event comes", async () => {
      const rendered = JSON.parse(readFileSync(file, "utf8"));
      const folder = `${running.folder}/rendered`;
      mkdirSync(folder);
      writeFileSync(`${folder}/config.json`, JSON.stringify(rendered));
      const watching = await startHere(`${folder}/config.json`);
      await watching.untilReady();
      // Another folder replaces the watched folder, as a mount over it does.
      renameSync(folder, `${folder}-before`);
      mkdirSync(folder);
      await makeUser("hung-up");
      Object.assign(rendered.database, { user: "hung-up", password: madeUp });
      writeFileSync(`${folder}/config.json`, JSON.stringify(rendered));
      const asked = Date.now();
      // Jest's process is a copy of the real one, so signals do not reach it. The unit's reload below sends a real signal.
      process.emit("SIGHUP", "SIGHUP");
      await until("the other user", async () =>
        watching.of("credentials").some(({ user }) => user === "hung-up"),
      );
      // This is sooner than the application's own interval.
      expect(Date.now() - asked).toBeLessThan(5_000);
    });

    describe("recovers without a person, in a quarter of a minute,", () => {
      const user = () => JSON.parse(readFileSync(file, "utf8")).database.user as string;

      const alsoItsLease: [string, () => Promise<void>] = ["its lease", () => revokeLeases()];

      it.each<[string, () => Promise<void>]>([
        ["the agent's token", () => throughTheAgent("POST", "auth/token/revoke-self")],
        ...(longTests ? [alsoItsLease] : []),
      ])("when somebody revokes %s", async (_, revoke) => {
        const before = { user: user(), pid: agent.pid(unit) };
        await revoke();
        const revoked = Date.now();
        await until("other credentials", async () => user() !== before.user, 40_000);
        // It takes 15 s on an idle machine.
        expect(Date.now() - revoked).toBeLessThan(30_000);
        await until("the application to be ready", async () => (await ask("GET /readyz")).status === 200);
        expect((await ask("GET /api/customers?page=1&pageSize=1")).status).toBe(200);
        expect(agent.pid(unit)).toBe(before.pid);
      });

      async function revokeLeases(): Promise<void> {
        const deployer = await running.deployer();
        const path = "sys/leases/revoke-prefix/database/creds/short";
        await deployer.request({ method: "PUT", path, body: { sync: true } });
        await deployer.logOut();
      }

      async function throughTheAgent(method: "POST" | "PUT", path: string): Promise<void> {
        const headers = { "x-vault-request": "true" };
        const listener = new Agent({ connect: { socketPath: agent.path("/ramdisk/app/agent.sock") } });
        const { statusCode } = await request(`http://localhost/v1/${path}`, {
          method,
          headers,
          dispatcher: listener,
        });
        await listener.close();
        expect(statusCode).toBe(204);
      }
    });

    it("says that Vault is sealed, and leaves the agent running", async () => {
      const { azure, vault } = running.sandbox;
      const before = agent.pid("vault-agent.service");
      const fault = azure.faults.add({
        when: ({ path }) => path.includes("unwrapkey"),
        answer: { status: 403, code: "Forbidden" },
      });
      try {
        vault.kill("vault.service", "SIGKILL");
        await until("the reason", async () =>
          JSON.stringify((await ask("GET /readyz")).body).includes('["Vault is sealed."]'),
        );
        // A request of each step may have met Vault while it did not run.
        await until("the reason of each step", async () => {
          expect((await ask("GET /api/status")).body.steps).toMatchObject({
            vault: { state: "fails", reason: "Vault is sealed." },
            encryption: { state: "fails", reason: "Vault is sealed." },
          });
          return true;
        });
        expect((await ask("GET /customers")).body).toContain("Vault is sealed.");
      } finally {
        fault.remove();
      }
      await until("the application to be ready", async () => (await ask("GET /readyz")).status === 200);
      expect(agent.pid("vault-agent.service")).toBe(before);
    });

    it("survives the unit's reload, which is a SIGHUP", async () => {
      const before = agent.pid(unit);
      await agent.reload(unit);
      expect((await ask("GET /readyz")).status).toBe(200);
      expect(agent.pid(unit)).toBe(before);
    });

    it("names the missing file", async () => {
      const other = await startHere(`${running.folder}/none.json`);
      const { ready, reasons } = await other.application.ready();
      expect({ ready, reasons }).toEqual({
        ready: false,
        reasons: expect.arrayContaining(["The file that Vault Agent renders cannot be read (ENOENT)."]),
      });
      writeFileSync(`${running.folder}/none.json`, readFileSync(file));
      await other.untilReady();
    });

    const madeUp = "Made-up-1";
    async function makeUser(name: string): Promise<void> {
      await database.query(`CREATE USER '${name}'@'%' IDENTIFIED BY '${madeUp}'`);
      await database.query(`GRANT SELECT ON *.* TO '${name}'@'%'`);
    }
  });
}
