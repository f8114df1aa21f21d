import { ProgramCache } from "../../../sandbox/programs/program-cache";
import { Progress } from "../../../sandbox/programs/progress";
import { vaultVersionOf } from "../../../sandbox/programs/vault-binary";
import { buildVault } from "../../../sandbox/programs/vault-go-build";
import { vaultCacheKey } from "../../../sandbox/programs/vault-program";
import { VAULT_GO_MODULE } from "../../../sandbox/programs/vault-versions";

const METADATA = "other";

/** Another build of the Vault that Go builds here, which calls itself otherwise: kept in the cache of programs. */
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
