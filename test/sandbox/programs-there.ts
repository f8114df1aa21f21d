import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { VAULT_GO_MODULE, VAULT_RELEASE } from "../../lib/releases/vault-versions";
import { ProgramCache } from "../../sandbox/programs/program-cache";
import { vaultCacheKey } from "../../sandbox/vault/vault-program";
import { longTests } from "../long-tests";
import { programOnPath } from "../program-on-path";

/** A suite with the real Vault. It is skipped if Vault would need a download or a build. */
export function describeWithVault(name: string, suite: () => void): void {
  describeUnless(vaultMissing(), name, suite);
}

/** A suite with the real Vault that takes minutes. It is skipped, with the reason in its name, unless LONG_TESTS is set. */
export function describeLongWithVault(name: string, suite: () => void): void {
  if (longTests) describeWithVault(name, suite);
  else describe.skip(`${name} (skipped: it takes minutes. Set LONG_TESTS=1)`, suite);
}

/** A suite with the real Vault and a real database. */
export function describeWithVaultAndDatabase(name: string, suite: () => void): void {
  describeUnless(vaultOrDatabaseMissing(), name, suite);
}

/**
 * `describe`, unless something is missing. Then the suite is skipped with the reason in its name, or fails if CI is set, so
 * that a pipeline never passes without running it.
 *
 * @param missing the missing program and the cure. Undefined if nothing is missing.
 */
export function describeUnless(missing: string | undefined, name: string, suite: () => void): void {
  if (!missing) describe(name, suite);
  else if (process.env["CI"])
    describe(name, () => {
      it("has the programs it needs", () => {
        throw new Error(`${missing} CI requires these tests.`);
      });
    });
  else describe.skip(`${name} (skipped: ${missing})`, suite);
}

/** Returns the missing program of the two, and the cure. Undefined if both exist. */
export function vaultOrDatabaseMissing(): string | undefined {
  return [vaultMissing(), databaseMissing()].filter(Boolean).join(" ") || undefined;
}

/** Returns the path of the Vault that findVaultProgram finds without a download or a build. */
export function vaultThere(): string | undefined {
  const { folder } = new ProgramCache();
  const cached = [VAULT_RELEASE, VAULT_GO_MODULE].map((version) =>
    join(folder, vaultCacheKey(version), "vault"),
  );
  return process.env["VAULT_PROGRAM"] || onPath("vault") || cached.find(existsSync);
}

/** Returns the reason and the cure if findVaultProgram would need a download or a build. */
export function vaultMissing(): string | undefined {
  return vaultThere() ? undefined : "Vault is missing. Install it, or name its binary in VAULT_PROGRAM.";
}

/** Ignores Docker's MySQL, because its image may need a download first. */
export function databaseMissing(): string | undefined {
  return onPath("mysqld") || onPath("mariadbd")
    ? undefined
    : "There is neither MySQL nor MariaDB; install one.";
}

/** Returns the reason and the cure if a program cannot mount in its own namespace (`unshare -rm`). */
export function mountsMissing(): string | undefined {
  return spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0
    ? undefined
    : "This system lets no user have mounts of their own; allow that, or run as root.";
}

/** Servers are in sbin, which ordinary users' PATH does not contain. */
function onPath(name: string): string | undefined {
  return programOnPath(name, ["/usr/sbin", "/usr/local/sbin"]);
}
