import type { VaultClient } from "../../../lib/vault-api/vault-client";

/** A Vault's configuration by path, without values that differ between two Vaults of the same configuration. */
export type VaultReadBack = Readonly<Record<string, unknown>>;

/** Times, and names that Vault invents. */
const PARTICULAR = new Set([
  ...["accessor", "uuid", "external_entropy_uuid", "deprecation_status", "running_sha256"],
  ...["creation_time", "last_update_time", "last_vault_rotation", "modified", "local_entropy"],
]);

/** Lists without a meaningful order. */
const SETS = /^(token_policies|token_bound_cidrs|bound_.*|allowed_roles|keys|transformations|policies)$/;

/** The mounts of every new Vault. */
const OWN_MOUNTS = new Set(["sys/", "identity/", "cubbyhole/", "token/", "secret/"]);

/**
 * Reads mounts, auth methods, audit devices, policies, and the configuration in jwt, azure, database, transit and
 * transform. The stack vault-config can set all of these. Secrets are not included, because Vault does not return
 * them.
 *
 * @param client a client that can read all of this, such as a deployer's
 */
export async function readBack(client: VaultClient): Promise<VaultReadBack> {
  const result: Record<string, unknown> = { "sys/audit": normal(await client.read("sys/audit")) };
  const add = async (path: string): Promise<void> => {
    result[path] = normal(await client.read(path));
  };
  const addAll = async (folder: string): Promise<void> => {
    const { keys = [] } = ((await client.read(folder, "LIST")) ?? {}) as { keys?: string[] };
    for (const name of [...keys].sort()) await add(`${folder}/${name}`);
  };

  await addAll("sys/policies/acl");
  for (const [listed, prefix] of [
    ["sys/mounts", ""],
    ["sys/auth", "auth/"],
  ] as const) {
    for (const [name, mount] of mountsIn(await client.read(listed))) {
      const path = `${prefix}${name}`;
      result[`${listed}/${name}`] = normal(mount);
      await add(`sys/mounts/${path}/tune`);
      for (const single of SINGLES[mount.type] ?? []) await add(`${path}/${single}`);
      for (const folder of FOLDERS[mount.type] ?? []) await addAll(`${path}/${folder}`);
    }
  }
  return result;
}

/** Single objects in a mount, by its type. */
const SINGLES: Readonly<Record<string, readonly string[]>> = { azure: ["config"], jwt: ["config"] };

/** Objects of which a mount can have many. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  azure: ["role"],
  jwt: ["role"],
  database: ["config", "roles"],
  transit: ["keys"],
  transform: ["transformation", "role", "template", "alphabet"],
};

/** Returns mounts in order, without the slash at the end of their names. */
function mountsIn(listed: Readonly<Record<string, unknown>> = {}): [string, { type: string }][] {
  return Object.entries(listed)
    .filter(([name, mount]) => name.endsWith("/") && !OWN_MOUNTS.has(name) && typeof mount === "object")
    .map(([name, mount]): [string, { type: string }] => [name.slice(0, -1), mount as { type: string }])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function normal(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) {
    const list = value.map((it) => normal(it));
    return SETS.test(name) ? list.sort() : list;
  }
  if (typeof value !== "object" || value === null) return value;
  // A transit key's versions by number, each with its creation time.
  if (name === "keys") return Object.keys(value);
  const entries = Object.entries(value)
    .filter(([key]) => !PARTICULAR.has(key))
    .map(([key, inner]): [string, unknown] => [key, normal(inner, key)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
