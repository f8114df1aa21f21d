import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { Unavailable } from "../errors";
import type { OnEvent } from "../lifecycle-event";
import { HttpError } from "../vault/http";
import type { Vault } from "../vault/vault";
import { type DatabaseLogin, readCredentials } from "./credentials";
import { customers } from "./migrations/0001-customers";
import { customerArchive } from "./migrations/0002-customer-archive";
import { dataKeys } from "./migrations/0003-data-keys";
import { largeLists } from "./migrations/0004-large-lists";
import type { Migration } from "./migrations/migration";
import { codeOf, databaseTls, type Pools } from "./pools";

export const migrations: readonly Migration[] = [customers, customerArchive, dataKeys, largeLists];

/** The database role that may change the schema; the run-time role may not. */
const migrationCredentialsPath = "database/creds/migration";

/** Seconds to wait for another instance that migrates. */
const lockSeconds = 30;

const newest = Math.max(...migrations.map(({ version }) => version));

/**
 * Updates the schema if it is out of date. Only then does it request credentials of the migration role.
 * @throws {Unavailable} if that fails
 */
export async function migrate(
  pools: Pools,
  vault: Vault,
  login: DatabaseLogin,
  onEvent: OnEvent,
): Promise<void> {
  const version = await schemaVersion(pools);
  // A newer schema comes from a newer application that also runs. Its migrations keep everything that this one needs.
  if (version >= newest) return;
  const { value } = await readCredentials(vault, migrationCredentialsPath, { expectRefusal: true }).catch(
    (error) => {
      if (!(error instanceof HttpError)) throw error;
      throw new Unavailable(
        `The database's schema is at version ${version} of ${newest}, and Vault refuses ${migrationCredentialsPath} to this workload (${error.status}).`,
        30,
      );
    },
  );
  try {
    await applyMigrations({ ...login, ...value }, migrations, onEvent);
  } catch (error) {
    if (error instanceof Unavailable || codeOf(error) === "") throw error;
    throw new Unavailable(`The database refuses a migration (${codeOf(error)}).`, 10, { cause: error });
  }
}

/** Applies the missing migrations in order. Waits while another instance migrates. */
export async function applyMigrations(
  { host, port, name: database, user, password, rootsPem }: DatabaseLogin,
  steps: readonly Migration[],
  onEvent: OnEvent,
): Promise<void> {
  const connection = await createConnection({
    host,
    port,
    user,
    password,
    database,
    ssl: databaseTls({ rootsPem }),
    timezone: "Z",
  });
  try {
    await lock(connection, database);
    await connection.query(
      `CREATE TABLE IF NOT EXISTS schema_migrations (
        version INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, applied_at DATETIME(3) NOT NULL
      ) ENGINE=InnoDB`,
    );
    const [done] = await connection.query<RowDataPacket[]>("SELECT version FROM schema_migrations");
    const applied = new Set(done.map(({ version }) => version));
    for (const { version, name, statements } of steps.filter((step) => !applied.has(step.version))) {
      for (const statement of statements) await connection.query(statement);
      await connection.execute<ResultSetHeader>(
        "INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)",
        [version, name, new Date()],
      );
      onEvent({ event: "migrated", version, name });
    }
  } finally {
    await connection.end().catch(() => connection.destroy());
  }
}

/**
 * Takes the lock of migrations. The server ties it to the connection, and releases it when the connection ends.
 * @throws {Unavailable} if another instance keeps it
 */
async function lock(connection: Connection, database: string): Promise<void> {
  const [[answer]] = await connection.execute<RowDataPacket[]>("SELECT GET_LOCK(?, ?) AS got", [
    migrationLock(database),
    lockSeconds,
  ]);
  if (answer?.["got"] !== 1) throw new Unavailable("Another instance is still migrating the database.", 10);
}

/** 0 before the first migration. */
function schemaVersion(pools: Pools): Promise<number> {
  return pools.use("read the schema's version", async (session) => {
    try {
      const [row] = await session.rows<{ version: number | null }>(
        "SELECT MAX(version) AS version FROM schema_migrations",
      );
      return row?.version ?? 0;
    } catch (error) {
      if (codeOf(error) === "ER_NO_SUCH_TABLE") return 0;
      throw error;
    }
  });
}

/** MySQL refuses a lock name of more than 64 characters, and a database's name may have as many. Source: MySQL, GET_LOCK. */
export function migrationLock(database: string): string {
  return `${database}.schema_migrations`.slice(-64);
}
