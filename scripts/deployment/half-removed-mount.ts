import { type VaultClient, VaultRefusal } from "../../lib/vault-api/vault-client";

/**
 * Removes the database engine, where an earlier removal ended half way because MySQL was away: Vault keeps its path, and answers nothing
 * there but that. Source: Vault, vault/router.go.
 *
 * @returns whether it was so; an engine that answers stays
 * @throws VaultRefusal while MySQL is still away
 */
export async function finishRemovalOfDatabaseEngine(client: VaultClient): Promise<boolean> {
  try {
    await client.request({ method: "GET", path: "database/roles", query: { list: "true" } });
    return false;
  } catch (error) {
    if (
      !(error instanceof VaultRefusal && error.errors.some((words) => /route entry is tainted/.test(words)))
    )
      return false;
  }
  await client.request({ method: "DELETE", path: "sys/mounts/database" });
  return true;
}
