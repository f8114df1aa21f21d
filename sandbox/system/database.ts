import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { EvaluatedSystem } from "../../lib/synthesized/evaluated-system";
import type { Azure } from "../azure/azure";
import { keyVaultName } from "../azurerm/key-vaults";
import type { MySqlProgram } from "../mysql/mysql-program";
import { MySqlServer } from "../mysql/mysql-server";

export interface DatabaseOptions {
  deployment: EvaluatedSystem;
  azure: Azure;
  program: MySqlProgram;
  /** The database's own folder. */
  folder: string;
  /** Path of the CA's certificate. */
  caFile: string;
}

/** MySQL's port in Azure. The connection in the stack vault-config uses it. */
const port = 3306;

const passwordRules = z.object({
  ephemeral: z.strictObject({
    type: z.literal("random_password"),
    length: z.int(),
    special: z.literal(false),
    min_upper: z.int(),
    min_lower: z.int(),
    min_numeric: z.int(),
  }),
});

/**
 * Creates the resources of the stack mysql on this machine: the administrator's password in Key Vault, the server at the
 * address in the stack's output, and the application's database.
 */
export async function startDatabase({
  deployment,
  azure,
  program,
  folder,
  caFile,
}: DatabaseOptions): Promise<MySqlServer> {
  const { fqdn: host, administrator_login: name } = only(deployment, "azurerm_mysql_flexible_server").read({
    fqdn: z.string(),
    administrator_login: z.string(),
  });
  const password = keepPassword(deployment, azure);
  // mysql2 assumes the name `localhost` for a server that it reaches by address.
  const { certificatePem, keyPem } = await azure.serverCertificate(host, "localhost");
  const certificate = join(folder, "server.crt");
  const key = join(folder, "server.key");
  await writeFile(certificate, certificatePem, { mode: 0o600 });
  await writeFile(key, keyPem, { mode: 0o600 });
  const server = await MySqlServer.start({
    program,
    folder,
    tls: { certificate, key, ca: caFile },
    administrator: { name, password },
    host,
    port,
  });
  // This works only until Vault changes the password. A file marks it as done, because an earlier start may have been interrupted before it.
  const made = join(folder, "database-made");
  if (!existsSync(made)) {
    const { name: database } = only(deployment, "azurerm_mysql_flexible_database").read({ name: z.string() });
    await createDatabase({ host, user: name, password, ca: await readFile(caFile, "utf8") }, database);
    await writeFile(made, "", { mode: 0o600 });
  }
  return server;
}

/** Creates the password by the stack's own rules and stores it in the stack's Key Vault secret. Later starts find it there. */
function keepPassword(deployment: EvaluatedSystem, azure: Azure): string {
  const { name, key_vault_id, value_wo } = only(deployment, "azurerm_key_vault_secret").read({
    name: z.string(),
    key_vault_id: z.string(),
    value_wo: passwordRules,
  });
  const keyVault = azure.keyVault(keyVaultName(deployment, key_vault_id));
  const kept = keyVault.secret(name);
  if (kept !== undefined) return kept;
  const { length, min_upper, min_lower, min_numeric } = value_wo.ephemeral;
  const value = randomPassword(length, [
    ["ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_upper],
    ["abcdefghijklmnopqrstuvwxyz", min_lower],
    ["0123456789", min_numeric],
  ]);
  keyVault.setSecret(name, value);
  return value;
}

/** Creates a text with the minimum number of characters of each alphabet, in random places. */
function randomPassword(length: number, alphabets: readonly (readonly [string, number])[]): string {
  const all = alphabets.map(([alphabet]) => alphabet).join("");
  const characters = alphabets.flatMap(([alphabet, least]) =>
    Array.from({ length: least }, () => pick(alphabet)),
  );
  while (characters.length < length) characters.splice(randomInt(characters.length + 1), 0, pick(all));
  return characters.join("");
}

function pick(alphabet: string): string {
  return alphabet.charAt(randomInt(alphabet.length));
}

/** Creates the database. Ignores the stack's collation, because MariaDB does not know it. */
export async function createDatabase(
  { ca, ...login }: { host: string; user: string; password: string; ca: string },
  database: string,
): Promise<void> {
  const connection = await createConnection({ ...login, port, ssl: { ca, rejectUnauthorized: true } });
  try {
    await connection.query(
      `CREATE DATABASE IF NOT EXISTS ${connection.escapeId(database)} CHARACTER SET utf8mb4`,
    );
  } finally {
    await connection.end();
  }
}

function only(deployment: EvaluatedSystem, type: string) {
  const [resource, ...others] = deployment.resources(type);
  if (resource && others.length === 0) return resource;
  throw new UserError(
    `The sandbox imitates one ${type}, and the stacks have ${others.length + (resource ? 1 : 0)}.`,
  );
}
