import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import type { EvaluatedSystem } from "../../../lib/synthesized/evaluated-system";
import { type Azure, startAzure } from "../../../sandbox/azure/azure";
import { worldOf } from "../../../sandbox/azurerm/azure-world";
import { keyVaultName } from "../../../sandbox/azurerm/key-vaults";
import { findMySqlProgram } from "../../../sandbox/mysql/mysql-program";
import type { MySqlServer } from "../../../sandbox/mysql/mysql-server";
import { startDatabase } from "../../../sandbox/system/database";
import { sandboxEnvironment } from "../../../sandbox/system/sandbox-environment";
import { capturedProgress } from "../../lib/processes/captured-progress";
import { demo, deploymentOf, deploymentWith } from "../../lib/synthesized/deployments";
import { databaseMissing, describeUnless } from "../programs-there";

const environment = sandboxEnvironment(demo, "127.218");
/** The tests share a folder and Key Vault, because a new database takes longer than most of them. Each leaves the password as it was. */
let folder: string;
let azure: Azure;
let server: MySqlServer | undefined;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "database-")));
  azure = await startAzure(worldOf(deploymentOf(environment), environment));
  writeFileSync(join(folder, "ca.pem"), azure.caPem);
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
});
afterAll(async () => {
  await azure?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the server as a new process does, which knows only the folder and Key Vault. */
async function start(deployment: EvaluatedSystem = deploymentOf(environment)): Promise<MySqlServer> {
  const { progress } = capturedProgress();
  server = await startDatabase({
    deployment,
    azure,
    program: await findMySqlProgram({ progress }),
    folder: folder,
    caFile: join(folder, "ca.pem"),
  });
  return server;
}

/** Values of the stack's secret in Key Vault, oldest first. */
function passwords(): string[] {
  const deployment = deploymentOf(environment);
  const [kept] = deployment.resources("azurerm_key_vault_secret");
  const keyVault = keyVaultName(deployment, String(kept?.argument("key_vault_id")));
  return azure.keyVault(keyVault).secretVersions(String(kept?.argument("name")));
}

async function ask(password: string, sql: string, database?: string): Promise<unknown[]> {
  const { host, port } = server as MySqlServer;
  const connection = await createConnection({
    host: "localhost",
    stream: () => connect(port, host),
    user: environment.mysql.administratorLogin,
    password,
    database,
    ssl: { ca: readFileSync(join(folder, "ca.pem"), "utf8"), verifyIdentity: true },
  });
  try {
    const [rows] = await connection.query(sql);
    return rows as unknown[];
  } finally {
    await connection.end();
  }
}

describeUnless(databaseMissing(), "The sandbox's database", () => {
  it("has an administrator's password that follows the stack's rules, and stores it once in Key Vault", async () => {
    await start();
    const [password = "", ...others] = passwords();
    expect(others).toEqual([]);
    const { length, min_upper, min_lower, min_numeric } = rules();
    expect(password).toMatch(new RegExp(`^[A-Za-z0-9]{${length}}$`));
    expect(password.replaceAll(/[^A-Z]/g, "").length).toBeGreaterThanOrEqual(min_upper);
    expect(password.replaceAll(/[^a-z]/g, "").length).toBeGreaterThanOrEqual(min_lower);
    expect(password.replaceAll(/\D/g, "").length).toBeGreaterThanOrEqual(min_numeric);

    await server?.stop();
    await start();
    expect(passwords()).toEqual([password]);
    expect(await ask(password, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("listens at the address that the stack's output names, with the application's database in utf8mb4", async () => {
    const { host, port } = await start();
    expect([host, port]).toEqual([deploymentOf(environment).stack("mysql").output("mysql_host"), 3306]);
    const sql = "SELECT @@character_set_database AS characters";
    expect(await ask(passwords()[0] as string, sql, environment.mysql.databaseName)).toEqual([
      { characters: "utf8mb4" },
    ]);
  });

  it("creates the application's database even if the start that created the password was interrupted", async () => {
    await start();
    const [password = ""] = passwords();
    await ask(password, `DROP DATABASE ${environment.mysql.databaseName}`);
    await server?.stop();
    // This is the folder's state before the database exists.
    rmSync(join(folder, "database-made"));
    await start();
    expect(await ask(password, "SELECT 1 AS one", environment.mysql.databaseName)).toEqual([{ one: 1 }]);
  });

  it("starts again after Vault has rotated the password, and the password in Key Vault is wrong", async () => {
    await start();
    const [password = ""] = passwords();
    const changed = (next: string) =>
      `SET PASSWORD FOR '${environment.mysql.administratorLogin}'@'%' = PASSWORD('${next}')`;
    await ask(password, changed("rotated"));
    await server?.stop();
    await start();
    await expect(ask(password, "SELECT 1")).rejects.toThrow("Access denied");
    expect(await ask("rotated", "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await ask("rotated", changed(password));
  });

  it("is refused with a sentence if the stacks have another number of servers", async () => {
    await expect(start(deploymentWith({ mysql: {} }))).rejects.toThrow(
      "The sandbox imitates one azurerm_mysql_flexible_server, and the stacks have 0.",
    );
  });
});

/** Returns the stack's arguments of random_password. */
function rules(): { length: number; min_upper: number; min_lower: number; min_numeric: number } {
  const [kept] = deploymentOf(environment).resources("azurerm_key_vault_secret");
  const value = kept?.argument("value_wo") as { ephemeral: ReturnType<typeof rules> };
  return value.ephemeral;
}
