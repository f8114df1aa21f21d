import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { createConnection } from "mysql2/promise";
import { z } from "zod";
import { lacking } from "../../environments/application-needs";
import type { Progress } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { VaultClient, VaultRefusal } from "../../lib/vault-api/vault-client";
import type { Machine } from "../machine/machine";
import type { MySqlServer } from "../mysql/mysql-server";
import type { Sandbox } from "./sandbox";

/** A running system, from the sandbox or a rehearsal. */
export interface SmokeTestSubject
  extends Pick<
    Sandbox,
    | "agents"
    | "agentWorkloads"
    | "azure"
    | "caFile"
    | "deployerToken"
    | "environment"
    | "vaultConnection"
    | "webApps"
    | "webAppWorkloads"
  > {
  readonly database: Pick<MySqlServer, "host" | "port">;
  readonly vault: Pick<Machine, "kill" | "pid">;
}

const managementResource = "https://management.azure.com/";

const login = z.object({ auth: z.object({ client_token: z.string(), token_type: z.string() }) });
const credentials = z.object({ username: z.string(), password: z.string() });
const rendered = z.object({
  database: z.object({ host: z.string(), name: z.string(), user: z.string(), password: z.string() }),
});

const customerPage = z.object({ rows: z.array(z.object({ email: z.string().includes("@") })) });

/**
 * Tries each promise of the system once: every identity can log in, and can use its rights and no others. Vault
 * recovers from a crash by itself.
 * @throws UserError that says which promise was broken
 */
export async function smokeTest(sandbox: SmokeTestSubject, progress: Progress): Promise<void> {
  const steps = [
    progress.step("a deployer logs in, and Vault refuses the workloads' secrets", () =>
      deployerReadsNoSecret(sandbox),
    ),
    ...sandbox
      .webAppWorkloads()
      .map(({ name, role, site }) =>
        progress.step(`web app ${name} logs in with its identity, and uses MySQL and transit`, () =>
          webAppWorks(sandbox, role, site),
        ),
      ),
    ...sandbox
      .agentWorkloads()
      .map(({ name, machine }) =>
        progress.step(`Vault Agent of ${name} has rendered credentials that open MySQL`, () =>
          agentWorks(sandbox, machine),
        ),
      ),
    ...applications(sandbox)
      .filter(({ missing }) => missing.length === 0)
      .map(({ name, url }) =>
        progress.step(`the application of ${name} lists customers, decrypted`, () => listsCustomers(url)),
      ),
  ];
  await Promise.allSettled(steps);
  await Promise.all(steps);
  for (const { name, missing } of applications(sandbox)) {
    if (missing.length > 0)
      progress.line(
        `skipped: the application of ${name} cannot list customers, because it lacks ${missing.join(", ")}`,
      );
  }
  await progress.step("Vault is killed, and unseals itself", () => vaultComesBack(sandbox));
}

async function deployerReadsNoSecret(sandbox: SmokeTestSubject): Promise<void> {
  const client = await VaultClient.loggedIn({ ...sandbox.vaultConnection(), jwt: sandbox.deployerToken() });
  const roles = Object.keys(sandbox.environment.databaseRoles);
  for (const path of roles.map((role) => `database/creds/${role}`)) await refused(client, path);
  await client.logOut();
}

async function refused(client: VaultClient, path: string): Promise<void> {
  try {
    await client.request({ method: "GET", path });
  } catch (error) {
    if (error instanceof VaultRefusal && error.status === 403) return;
    throw error;
  }
  throw new UserError(`A deployer could read ${path}, which holds a secret.`);
}

async function webAppWorks(sandbox: SmokeTestSubject, role: string, site: string): Promise<void> {
  const jwt = sandbox.azure.tokenForSite(site, managementResource);
  const connection = sandbox.vaultConnection(site);
  const anonymous = new VaultClient(connection);
  const { auth } = login.parse(
    await anonymous.request({ method: "POST", path: "auth/jwt/login", body: { role, jwt } }),
  );
  anonymous.close();
  const client = new VaultClient(connection, auth.client_token);
  const workload = sandbox.environment.webApps.find(({ name }) => `${name}-role` === role);
  if (workload?.databaseRole) {
    const path = `database/creds/${workload.databaseRole}`;
    const { username, password } = credentials.parse(await client.request({ method: "GET", path }));
    await opensMySql(
      sandbox,
      sandbox.database.host,
      username,
      password,
      sandbox.environment.mysql.databaseName,
    );
  }
  for (const path of workload?.paths.filter((it) => it.startsWith("transit/encrypt/")) ?? []) {
    await encrypts(client, path, workload?.paths.includes(path.replace("encrypt", "decrypt")) ?? false);
  }
  client.close();
}

async function encrypts(client: VaultClient, path: string, decrypts: boolean): Promise<void> {
  const plaintext = Buffer.from("a made-up customer").toString("base64");
  const { ciphertext } = await client.request({ method: "PUT", path, body: { plaintext } });
  if (!decrypts) return;
  const decrypt = path.replace("encrypt", "decrypt");
  const answer = await client.request({ method: "PUT", path: decrypt, body: { ciphertext } });
  if (answer["plaintext"] !== plaintext)
    throw new UserError(`${decrypt} returned another text than the encrypted one.`);
}

async function agentWorks(sandbox: SmokeTestSubject, machine: string): Promise<void> {
  const agent = sandbox.agents.get(machine);
  if (!agent) throw new UserError(`The VM ${machine} does not run.`);
  const { database } = rendered.parse(
    JSON.parse(await readFile(agent.path("/ramdisk/app/config.json"), "utf8")),
  );
  await opensMySql(sandbox, database.host, database.user, database.password, database.name);
}

/** Waits until every fully configured application works. @throws UserError with the applications that do not work */
export async function applicationsReady(sandbox: SmokeTestSubject): Promise<void> {
  const able = applications(sandbox).filter(({ missing }) => missing.length === 0);
  await Promise.all(able.map(({ url }) => isReady(url)));
}

/** Every workload's application, with its missing settings. */
export function applications(
  sandbox: Pick<
    SmokeTestSubject,
    "environment" | "webAppWorkloads" | "agentWorkloads" | "webApps" | "agents"
  >,
): { name: string; url: string; missing: string[] }[] {
  const { webApps, agentVms } = sandbox.environment;
  const missing = new Map(
    [...webApps, ...agentVms].map((workload) => [`${workload.name}-role`, lacking(workload)]),
  );
  return [
    ...sandbox
      .webAppWorkloads()
      .map(({ name, role, site }) => ({ name, role, url: sandbox.webApps.get(site)?.url ?? "" })),
    ...sandbox.agentWorkloads().map(({ name, role, machine }) => ({
      name,
      role,
      url: `http://${sandbox.agents.get(machine)?.loopback}:8080`,
    })),
  ].map(({ name, role, url }) => ({ name, url, missing: missing.get(role) ?? [] }));
}

async function isReady(url: string): Promise<void> {
  await waitFor(`${url} to be ready`, async () => (await fetch(`${url}/readyz`)).ok, { deadlineMs: 60_000 });
}

async function listsCustomers(url: string): Promise<void> {
  await isReady(url);
  const answer = await fetch(`${url}/api/customers?page=1&pageSize=5`);
  const { rows } = customerPage.parse(await answer.json());
  if (rows.length === 0)
    throw new UserError(`${url} lists no customers, although it seeds an empty database.`);
}

/** Connects over TLS and verifies the server's certificate. */
async function opensMySql(
  sandbox: SmokeTestSubject,
  host: string,
  user: string,
  password: string,
  database: string,
): Promise<void> {
  const ca = await readFile(sandbox.caFile, "utf8");
  const { port } = sandbox.database;
  const connection = await createConnection({
    // mysql2 checks the certificate against this name. The stream decides the address.
    host: "localhost",
    stream: () => connect(port, host),
    user,
    password,
    database,
    ssl: { ca, minVersion: "TLSv1.2", rejectUnauthorized: true, verifyIdentity: true },
  });
  await connection.query("SELECT 1");
  await connection.end();
}

async function vaultComesBack(sandbox: SmokeTestSubject): Promise<void> {
  const before = sandbox.vault.pid("vault.service");
  sandbox.vault.kill("vault.service", "SIGKILL");
  const client = new VaultClient(sandbox.vaultConnection(), undefined, 2_000);
  await waitFor(
    "Vault to be unsealed and active after kill -9",
    async () => {
      if (sandbox.vault.pid("vault.service") === before) return false;
      return (await client.request({ method: "GET", path: "sys/health" }))["sealed"] === false;
    },
    { deadlineMs: 60_000 },
  );
  client.close();
}
