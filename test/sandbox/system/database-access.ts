import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  type Connection,
  type ConnectionOptions,
  createConnection,
  type RowDataPacket,
} from "mysql2/promise";
import { z } from "zod";
import { keyVaultName } from "../../../sandbox/azurerm/key-vaults";
import type { Sandbox } from "../../../sandbox/system/sandbox";

export interface DatabaseUser {
  username: string;
  password: string;
}

/** Connects over verified TLS, as every client does. */
export function connectToDatabase(
  sandbox: Sandbox,
  { username, password }: DatabaseUser,
  options: ConnectionOptions = {},
): Promise<Connection> {
  const ssl = { ca: readFileSync(sandbox.caFile, "utf8"), rejectUnauthorized: true };
  return createConnection({ host: databaseHost(sandbox), user: username, password, ssl, ...options });
}

export function databaseHost(sandbox: Sandbox): string {
  return only(sandbox, "azurerm_mysql_flexible_server").read(z.object({ fqdn: z.string() })).fqdn;
}

/** Returns the name of the application's database. */
export function databaseName(sandbox: Sandbox): string {
  return only(sandbox, "azurerm_mysql_flexible_database").read(z.object({ name: z.string() })).name;
}

/** The administrator with the password in Key Vault. It is valid until Vault rotates it. */
export function administratorOf(sandbox: Sandbox): DatabaseUser {
  const { username, keyVault, secret } = administratorSecret(sandbox);
  const password = keyVault.secret(secret);
  if (password === undefined) throw new Error(`Key Vault has no secret ${secret}`);
  return { username, password };
}

/**
 * Gives MySQL's administrator a new password as the stack mysql does: in Key Vault, then in MySQL. Ends the administrator's sessions,
 * because Vault would use them for up to five minutes more.
 * @param other a session of a user who may alter users
 */
export async function changeAdministratorPassword(sandbox: Sandbox, other: Connection): Promise<void> {
  const { username, keyVault, secret } = administratorSecret(sandbox);
  const password = randomBytes(24).toString("hex");
  keyVault.setSecret(secret, password);
  await other.query("ALTER USER ?@'%' IDENTIFIED BY ?", [username, password]);
  const own = await connectToDatabase(sandbox, { username, password });
  const [sessions] = await own.query<RowDataPacket[]>("SHOW PROCESSLIST");
  for (const { User, Id } of sessions)
    if (User === username && Id !== own.threadId) await own.query("KILL ?", [Id]).catch(() => {});
  await own.end();
}

function administratorSecret(sandbox: Sandbox) {
  const { administrator_login: username } = only(sandbox, "azurerm_mysql_flexible_server").read(
    z.object({ administrator_login: z.string() }),
  );
  const { name: secret, key_vault_id } = only(sandbox, "azurerm_key_vault_secret").read(
    z.object({ name: z.string(), key_vault_id: z.string() }),
  );
  return {
    username,
    secret,
    keyVault: sandbox.azure.keyVault(keyVaultName(sandbox.deployment, key_vault_id)),
  };
}

function only(sandbox: Sandbox, type: string) {
  const [resource] = sandbox.deployment.resources(type);
  if (!resource) throw new Error(`the stacks have no ${type}`);
  return resource;
}
