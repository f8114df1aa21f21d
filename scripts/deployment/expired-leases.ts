import { z } from "zod";
import { type VaultClient, VaultRefusal } from "../../lib/vault-api/vault-client";

const irrevocable = z.object({ leases: z.array(z.object({ lease_id: z.string() })).nullish() });

/**
 * Revokes the expired database leases that Vault no longer tries to revoke. Source: Vault, vault/expiration.go (irrevocable leases).
 *
 * @returns the revoked leases, and the reason for each other lease
 */
export async function endExpiredLeases(
  client: VaultClient,
): Promise<{ ended: string[]; left: Record<string, string> }> {
  const answer = await client.request({ method: "GET", path: "sys/leases", query: { type: "irrevocable" } });
  const ids = (irrevocable.parse(answer).leases ?? []).map(({ lease_id }) => lease_id);
  const ended: string[] = [];
  const left: Record<string, string> = {};
  for (const id of ids.filter((it) => it.startsWith("database/creds/"))) {
    try {
      await client.request({ method: "PUT", path: "sys/leases/revoke", body: { lease_id: id, sync: true } });
      ended.push(id);
    } catch (error) {
      if (!(error instanceof VaultRefusal)) throw error;
      left[id] = error.errors.join("; ");
    }
  }
  return { ended, left };
}
