import { Progress } from "../../../lib/processes/progress";
import { VAULT_GO_MODULE } from "../../../lib/releases/vault-versions";
import { ProgramCache } from "../../../sandbox/programs/program-cache";
import { vaultVersionOf } from "../../../sandbox/vault/vault-binary";
import { buildVault } from "../../../sandbox/vault/vault-go-build";
import { vaultCacheKey } from "../../../sandbox/vault/vault-program";

const METADATA = "other";

/** Another build of Vault with another version text. The cache of programs keeps it. */
export async function otherVault(): Promise<{ path: string; says: string }> {
  const cache = new ProgramCache();
  const key = vaultCacheKey(`${VAULT_GO_MODULE}+${METADATA}`);
  const path =
    (await cache.find(key, "vault")) ??
    (await cache.alone("Vault", { deadlineMs: 60 * 60_000, progress: new Progress() }, async () => {
      return (
        (await cache.find(key, "vault")) ??
        cache.add(key, "vault", "built from its Go module", (folder) =>
          buildVault(folder, { metadata: METADATA }),
        )
      );
    }));
  return { path, says: await vaultVersionOf(path) };
}
