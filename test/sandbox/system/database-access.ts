import { readFileSync } from "node:fs";
import { type Connection, type ConnectionOptions, createConnection } from "mysql2/promise";
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

/** Connects with the password in Key Vault. It is valid until Vault rotates it. */
export function administratorOf(sandbox: Sandbox): DatabaseUser {
  const { administrator_login: username } = only(sandbox, "azurerm_mysql_flexible_server").read(
    z.object({ administrator_login: z.string() }),
  );
  const { name, key_vault_id } = only(sandbox, "azurerm_key_vault_secret").read(
    z.object({ name: z.string(), key_vault_id: z.string() }),
  );
  const password = sandbox.azure.keyVault(keyVaultName(sandbox.deployment, key_vault_id)).secret(name);
  if (password === undefined) throw new Error(`Key Vault has no secret ${name}`);
  return { username, password };
}

function only(sandbox: Sandbox, type: string) {
  const [resource] = sandbox.deployment.resources(type);
  if (!resource) throw new Error(`the stacks have no ${type}`);
  return resource;
}
