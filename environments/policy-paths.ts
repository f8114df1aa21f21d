import type { Environment } from "./schema";

type EngineSettings = Pick<Environment, "transitKeys"> & {
  databaseRoles: Record<string, unknown>;
  vault: Pick<Environment["vault"], "edition">;
};

/** Vault's transform role for customer records (Enterprise). */
export const transformRole = "customer";

/**
 * Returns every path that a workload's policy may name, with the necessary capability. The capability is `update`,
 * never `create`, because with `create` transit would create a missing key on first use.
 * Source: Vault's API documentation of the database, transit and transform engines.
 */
export function policyPaths({
  databaseRoles,
  transitKeys,
  vault,
}: EngineSettings): Map<string, "read" | "update"> {
  const paths = new Map<string, "read" | "update">();
  for (const role of Object.keys(databaseRoles)) paths.set(`database/creds/${role}`, "read");
  for (const key of transitKeys) {
    for (const operation of ["encrypt", "decrypt", "rewrap", "hmac", "verify"]) {
      paths.set(`transit/${operation}/${key}`, "update");
    }
    paths.set(`transit/keys/${key}`, "read");
  }
  if (vault.edition === "enterprise") {
    paths.set(`transform/encode/${transformRole}`, "update");
    paths.set(`transform/decode/${transformRole}`, "update");
  }
  return paths;
}
