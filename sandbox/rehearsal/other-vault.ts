import { ProgramCache } from "../programs/program-cache";
import { vaultVersionOf } from "../vault/vault-binary";
import { type VaultProgram, vaultCacheKey } from "../vault/vault-program";
import type { OtherVault } from "./rehearsal";

/**
 * Returns another build of the same Vault, which a test of the sandbox leaves in the cache of programs. Undefined if it is missing.
 * An environment names it as the next patch release.
 */
export async function findOtherVault({ version }: VaultProgram): Promise<OtherVault | undefined> {
  const path = await new ProgramCache().find(vaultCacheKey(`${version}+other`), "vault");
  if (!path) return undefined;
  const [, line, patch] = /^(\d+\.\d+\.)(\d+)/.exec(version) ?? [];
  return { path, version: `${line}${Number(patch) + 1}`, says: await vaultVersionOf(path) };
}
