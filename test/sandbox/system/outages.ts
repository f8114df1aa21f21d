import { readFileSync } from "node:fs";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import type { Machine } from "../../../sandbox/machine/machine";
import type { Sandbox } from "../../../sandbox/system/sandbox";
import type { WebAppProcess } from "../../../sandbox/system/web-app";
import { inspector, until } from "../../app/running-application";
import { longTests } from "../../long-tests";
import { rootTokenBy, storedKeys, VAULT } from "./first-boots";
import { deployerOf, type RunningSandbox } from "./running-sandbox";

const APP = "app.service";
const AGENT = "vault-agent.service";

/** Causes an outage, and returns a function that repairs it. */
type Outage = (sandbox: Sandbox, database: Connection) => Promise<() => Promise<unknown>>;

/** [what fails, how, whether the application needs it] */
const outages: [string, Outage, boolean][] = [
  [
    "MySQL is killed",
    async ({ database }) => {
      await database.kill();
      return () => database.restart();
    },
    true,
  ],
  [
    "somebody deletes the policies and revokes every database lease",
    async (sandbox) => {
      const deployer = await deployerOf(sandbox);
      const policies = new Map<string, unknown>();
      for (const name of ["workload-webapp", "workload-agent"]) {
        const path = `sys/policies/acl/${name}`;
        policies.set(path, (await deployer.read(path))?.["policy"]);
        await deployer.request({ method: "DELETE", path });
      }
      const leases = "sys/leases/revoke-prefix/database/creds";
      await deployer.request({ method: "PUT", path: leases, body: { sync: true } });
      return async () => {
        for (const [path, policy] of policies)
          await deployer.request({ method: "PUT", path, body: { policy } });
        await deployer.logOut();
      };
    },
    true,
  ],
  [
    "Vault Agent is killed",
    async ({ agents }) => {
      for (const machine of agents.values()) {
        // It may still restart after the previous outage.
        await machine.untilActive(AGENT, { deadlineMs: 60_000 });
        machine.kill(AGENT, "SIGKILL");
      }
      return async () => {};
    },
    false,
  ],
];

/** More ways to lose what the others lose, too, and a sealed Vault, which agent-way.test.ts has for each way of the application. */
const furtherOutages: typeof outages = [
  [
    "somebody seals Vault",
    async (sandbox) => {
      const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(sandbox);
      const token = await rootTokenBy(sandbox, keys.slice(0, threshold));
      const root = new VaultClient(sandbox.vaultConnection(), token);
      await root.request({ method: "PUT", path: "sys/seal" });
      root.close();
      return () => sandbox.vault.restart(VAULT);
    },
    false,
  ],
  [
    "Vault is stopped",
    async ({ vault }) => {
      await vault.stop(VAULT);
      return () => vault.start(VAULT);
    },
    false,
  ],
  [
    "somebody drops every database user while Vault is stopped",
    async (sandbox, database) => {
      await sandbox.vault.stop(VAULT);
      await dropUsers(database);
      return () => sandbox.vault.start(VAULT);
    },
    true,
  ],
  [
    "IMDS issues no token, and the tokens are revoked",
    async (sandbox) => {
      const fault = sandbox.azure.faults.add({
        when: ({ host }) => host === "169.254.169.254" || host.endsWith(".identity"),
        answer: { status: 500 },
      });
      const deployer = await deployerOf(sandbox);
      const path = "sys/leases/revoke-prefix/database/creds";
      await deployer.request({ method: "PUT", path, body: { sync: true } });
      await deployer.logOut();
      return async () => fault.remove();
    },
    false,
  ],
];

/** Drops the database users that Vault created. */
async function dropUsers(database: Connection): Promise<void> {
  const query = "SELECT User AS name FROM mysql.user WHERE User LIKE 'v-%'";
  const [users] = await database.query<RowDataPacket[]>(query);
  for (const { name } of users) await database.query("DROP USER ?@'%'", [name]);
}

export const outagesOfAll = (running: RunningSandbox): void =>
  describe("The deployed application, on App Service and with Vault Agent,", () => {
    jest.setTimeout(240_000);
    let database: Connection;
    const applications = new Map<string, string>();
    const agent = () => [...running.sandbox.agents.values()][0] as Machine;
    const webApp = () => [...running.sandbox.webApps.values()][0] as WebAppProcess;
    const pids = () => [webApp().pid, agent().pid(APP)];
    const statuses = () =>
      Promise.all(
        [...applications.values()].map((url) =>
          fetch(`${url}/readyz`).then(
            ({ status }) => status,
            () => 0,
          ),
        ),
      );
    const untilReady = () =>
      until("both to be ready", async () => (await statuses()).every((status) => status === 200), 120_000);

    beforeAll(async () => {
      applications.set("App Service", webApp().url);
      applications.set("a VM", `http://${agent().loopback}:8080`);
      await untilReady();
    }, 240_000);
    beforeEach(async () => {
      database = await inspector(running.sandbox);
    });
    afterEach(() => database.end().catch(() => undefined));

    it.each(longTests ? [...outages, ...furtherOutages] : outages)(
      "does not exit when %s, and is ready afterwards",
      async (_, begin, needed) => {
        const before = pids();
        const repair = await begin(running.sandbox, database);
        try {
          if (needed)
            await until("one application to report it", async () => (await statuses()).includes(503));
          // Errors in the background happen before this ends, because each client requests a page that needs everything.
          await Promise.all(
            [...applications.values()].map((url) => fetch(`${url}/api/customers?page=1&pageSize=1`)),
          );
        } finally {
          await repair();
        }
        await untilReady();
        expect(pids()).toEqual(before);
        expect(before).not.toContain(undefined);
      },
    );

    it("logs no unhandled error", () => {
      const name = [...running.sandbox.webApps.keys()][0];
      const logs = [agent().output(APP), readFileSync(`${running.folder}/web-app/${name}/app.log`, "utf8")];
      for (const log of logs) expect(log).not.toMatch(/unhandled|UnhandledPromise|^\s+at /im);
    });
  });
