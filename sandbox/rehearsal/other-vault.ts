import { ProgramCache } from "../programs/program-cache";
import { vaultVersionOf } from "../vault/vault-binary";
import { type VaultProgram, vaultCacheKey } from "../vault/vault-program";
import type { OtherVault } from "./rehearsal";

/**
 * Another build of the same Vault. A test of the sandbox leaves it in the cache of programs; undefined if it is missing.
 * An environment names it as the next patch release.
 */
export async function findOtherVault({ version }: VaultProgram): Promise<OtherVault | undefined> {
  const path = await new ProgramCache().find(vaultCacheKey(`${version}+other`), "vault");
  if (!path) return undefined;
  const [, line, patch] = /^(\d+\.\d+\.)(\d+)/.exec(version) ?? [];
  return { path, version: `${line}${Number(patch) + 1}`, says: await vaultVersionOf(path) };
}
