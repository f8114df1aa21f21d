import { type VaultClient, VaultRefusal } from "../../lib/vault-api/vault-client";

/**
 * Removes the database engine if an earlier removal stopped halfway because MySQL was away. Vault then keeps the engine's path, and accepts
 * only another removal there. Source: Vault, vault/router.go.
 *
 * @returns true if it removed the engine. It does not remove a working engine.
 * @throws VaultRefusal if MySQL is still away
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
