import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { type Application, createApplication } from "../../app/application";
import type { CustomerInput } from "../../app/customers/customer-store";
import type { DatabaseLogin } from "../../app/database/credentials";
import type { LifecycleEvent } from "../../app/lifecycle-event";
import { createLogger, logLifecycleEvent } from "../../app/operations/log";
import { Metrics } from "../../app/operations/metrics";
import { readSettings, type Settings } from "../../app/settings";
import { createWebServer } from "../../app/web/web-server";
import { waitFor } from "../../lib/processes/wait-for";
import { VaultClient } from "../../lib/vault-api/vault-client";
import type { Sandbox } from "../../sandbox/system/sandbox";
import * as webApp from "../../sandbox/system/web-app";
import { deployerOf } from "../sandbox/system/running-sandbox";

export { setTimeout as sleep } from "node:timers/promises";

/** An answer over HTTP. */
export interface HttpAnswer {
  status: number;
  /** Seconds. 0 if the answer has no Retry-After. */
  retryAfter: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the API answers with
  body: any;
}

/** Runs the application in this process with the sandbox's web app settings. Close all of them in `afterEach` or `afterAll`. */
export class RunningApplication {
  static readonly #open = new Set<RunningApplication>();
  readonly events: LifecycleEvent[] = [];
  /** Every line that was logged. */
  readonly lines: string[] = [];
  application!: Application;
  #server?: FastifyInstance;
  #address = "";

  private constructor() {}

  static async start(settings: Settings, options: { seed?: boolean } = {}): Promise<RunningApplication> {
    const running = new RunningApplication();
    RunningApplication.#open.add(running);
    const logger = createLogger({ write: (line: string) => void running.lines.push(line) });
    running.application = await createApplication(settings, {
      ...options,
      onEvent: (event) => {
        running.events.push(event);
        logLifecycleEvent(logger, event);
      },
    });
    running.#server = await createWebServer({
      application: running.application,
      settings: { behindAppService: false, onLoopback: false, requestsPerMinute: 1_000_000 },
      logger,
      metrics: new Metrics({ ofProcess: false }),
    });
    running.#address = await running.#server.listen({ port: 0, host: "127.0.0.1" });
    return running;
  }

  /** Closes applications that a failed test left open, because the test run would not end otherwise. */
  static async closeAllBut(...kept: readonly RunningApplication[]): Promise<void> {
    for (const running of RunningApplication.#open) if (!kept.includes(running)) await running.close();
  }

  /** Sends a request over HTTP, as a browser or another program does. `request` is METHOD path. */
  async ask(request: string, body?: unknown): Promise<HttpAnswer> {
    const [method = "", path] = request.split(" ");
    const answer = await fetch(`${this.#address}${path}`, {
      method,
      ...(body !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      retryAfter: Number(answer.headers.get("retry-after") ?? 0),
      body: /json/.test(answer.headers.get("content-type") ?? "") ? JSON.parse(text) : text,
    };
  }

  get store() {
    return this.application.store;
  }

  of<Name extends LifecycleEvent["event"]>(name: Name) {
    return this.events.filter(
      (event): event is Extract<LifecycleEvent, { event: Name }> => event.event === name,
    );
  }

  /** Waits until the application is ready. Fails with the reasons. */
  async untilReady(deadlineMs = 45_000): Promise<void> {
    const isReady = async (): Promise<true> => {
      const { ready, reasons } = await this.application.ready();
      if (!ready) throw new Error(reasons.join(" "));
      return ready;
    };
    await until("the application to be ready", isReady, deadlineMs);
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    if (!RunningApplication.#open.delete(this)) return;
    await this.#server?.close();
    await this.application?.close();
  }
}

/** Settings of the first web app from App Service, with changes. */
export function webAppSettings(sandbox: Sandbox, changes: NodeJS.ProcessEnv = {}): Settings {
  return readSettings({ ...webAppEnvironment(sandbox), ...changes });
}

/** The environment in which App Service runs the first web app. */
export function webAppEnvironment(sandbox: Sandbox): Record<string, string> {
  const [site] = sandbox.deployment.resources("azurerm_linux_web_app");
  if (!site) throw new Error("The environment has no web app.");
  return { ...webApp.webAppEnvironment(site, sandbox.azure), SSL_CERT_FILE: sandbox.caFile };
}

export function siteName(sandbox: Sandbox): string {
  return String(sandbox.deployment.resources("azurerm_linux_web_app")[0]?.argument("name"));
}

/** Vault's API with the web app's login. */
export async function webAppClient(sandbox: Sandbox): Promise<VaultClient> {
  const settings = webAppSettings(sandbox);
  if (settings.way !== "vault") throw new Error("The web app does not log in to Vault itself.");
  const site = siteName(sandbox);
  const login = (await new VaultClient(sandbox.vaultConnection(site)).request({
    method: "POST",
    path: "auth/jwt/login",
    body: { role: settings.role, jwt: sandbox.azure.tokenForSite(site, settings.tokenResource) },
  })) as { auth: { client_token: string } };
  return new VaultClient(sandbox.vaultConnection(site), login.auth.client_token);
}

/** A database role's login, with the web app's way to credentials. */
export async function databaseLogin(sandbox: Sandbox, role: string): Promise<DatabaseLogin> {
  const settings = webAppSettings(sandbox);
  if (settings.way !== "vault" || !settings.database) throw new Error("The web app has no database.");
  const { rootsPem } = settings;
  return { ...settings.database, ...(await credentialsOf(sandbox, role)), leaseId: "", rootsPem };
}

/** Credentials of a database role, as the web app gets them. */
export async function credentialsOf(
  sandbox: Sandbox,
  role: string,
): Promise<{ user: string; password: string }> {
  const client = await webAppClient(sandbox);
  const { username, password } = (await client.read(`database/creds/${role}`)) as Record<string, string>;
  return { user: username ?? "", password: password ?? "" };
}

async function connect(sandbox: Sandbox, login: { user: string; password: string }): Promise<Connection> {
  const settings = webAppSettings(sandbox);
  if (settings.way !== "vault" || !settings.database) throw new Error("The web app has no database.");
  const { host, port, name: database } = settings.database;
  return createConnection({
    host,
    port,
    database,
    ...login,
    ssl: { ca: readFileSync(sandbox.caFile, "utf8") },
  });
}

/** The newest version of the customers' key in Vault. */
export async function latestKeyVersion(sandbox: Sandbox): Promise<number> {
  const vault = await deployerOf(sandbox);
  const key = await vault.read("transit/keys/customer-key");
  await vault.logOut();
  return Number(key?.["latest_version"]);
}

/** Reads everything in the database server. The test is a deployer, so it lets Vault create such a user once. */
export async function inspector(sandbox: Sandbox): Promise<Connection> {
  const vault = await deployerOf(sandbox);
  const before = (await vault.read("database/roles/migration")) ?? {};
  await vault.request({
    method: "POST",
    path: "database/roles/migration",
    body: {
      ...before,
      creation_statements: [
        "CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}' REQUIRE SSL",
        "GRANT SELECT, UPDATE, PROCESS, CREATE, DROP, CREATE USER ON *.* TO '{{name}}'@'%' WITH GRANT OPTION",
      ],
    },
  });
  const login = await credentialsOf(sandbox, "migration");
  await vault.request({ method: "POST", path: "database/roles/migration", body: before });
  return connect(sandbox, login);
}

/** All tables of the application's database, as text. */
export async function dump(connection: Connection): Promise<string> {
  const [tables] = await connection.query<RowDataPacket[]>("SHOW TABLES");
  const contents = await Promise.all(
    tables.map(async (table) => {
      const name = String(Object.values(table)[0]);
      const [rows] = await connection.query(`SELECT * FROM ${connection.escapeId(name)}`);
      return `${name} ${JSON.stringify(rows)}`;
    }),
  );
  return contents.join("\n");
}

/** Requests to Vault's transit engine so far, from Vault's own audit log. */
export function transitRequests(sandbox: Sandbox): string[] {
  const log = readFileSync(sandbox.vault.path("/var/log/vault/first-boot-audit.log"), "utf8");
  return log
    .split("\n")
    .filter((line) => line.includes('"type":"request"'))
    .map((line) => JSON.parse(line).request.path as string)
    .filter((path) => path.startsWith("transit/"));
}

export const ada: CustomerInput = {
  firstName: "Ada-Augusta",
  lastName: "Lovelace’s Tèst 试",
  birthDate: "1915-12-10",
  address: "12 St James’s Square; DROP TABLE customers",
  city: "<script>London</script>",
  socialSecurityNumber: "912-34-5678",
  cardNumber: "4000 0012 3456 7899",
  salary: "98765.43",
  email: "ada.countess@example.com",
  phone: "+44 20 7946 0958",
};

/** Works like waitFor, with a deadline for requests and logins of the application. */
export const until = (what: string, holds: () => unknown, deadlineMs = 45_000): Promise<unknown> =>
  waitFor(what, holds, { deadlineMs, intervalMs: 100 });
