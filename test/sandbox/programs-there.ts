import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { VAULT_GO_MODULE, VAULT_RELEASE } from "../../lib/releases/vault-versions";
import { ProgramCache } from "../../sandbox/programs/program-cache";
import { vaultCacheKey } from "../../sandbox/vault/vault-program";
import { programOnPath } from "../program-on-path";

/** A suite with the real Vault: skipped where there is none that needs neither a download nor a build. */
export function describeWithVault(name: string, suite: () => void): void {
  describeUnless(vaultMissing(), name, suite);
}

/** A suite with the real Vault and a real database. */
export function describeWithVaultAndDatabase(name: string, suite: () => void): void {
  describeUnless(vaultOrDatabaseMissing(), name, suite);
}

/**
 * `describe`, unless something is missing: then it reports as skipped, with the reason in its name, and fails where CI is set, so
 * that a pipeline never passes on what it did not run.
 *
 * @param missing what is missing and the cure; nothing when all is there
 */
export function describeUnless(missing: string | undefined, name: string, suite: () => void): void {
  if (!missing) describe(name, suite);
  else if (process.env["CI"])
    describe(name, () => {
      it("has the programs it needs", () => {
        throw new Error(`${missing} CI demands these tests.`);
      });
    });
  else describe.skip(`${name} (skipped: ${missing})`, suite);
}

/** What of the two is missing, and the cure; nothing when both are there. */
export function vaultOrDatabaseMissing(): string | undefined {
  return [vaultMissing(), databaseMissing()].filter(Boolean).join(" ") || undefined;
}

/** Path of the Vault that findVaultProgram finds without a download or a build. */
export function vaultThere(): string | undefined {
  const { folder } = new ProgramCache();
  const cached = [VAULT_RELEASE, VAULT_GO_MODULE].map((version) =>
    join(folder, vaultCacheKey(version), "vault"),
  );
  return process.env["VAULT_PROGRAM"] || onPath("vault") || cached.find(existsSync);
}

/** Whether findVaultProgram would have to download or to build it: why, and the cure. */
export function vaultMissing(): string | undefined {
  return vaultThere() ? undefined : "There is no Vault; install it, or name its binary in VAULT_PROGRAM.";
}

/** Docker's MySQL is left out: its image may have to be downloaded first. */
export function databaseMissing(): string | undefined {
  return onPath("mysqld") || onPath("mariadbd")
    ? undefined
    : "There is neither MySQL nor MariaDB; install one.";
}

/** Whether a program may not mount in a namespace of its own (`unshare -rm`): why, and the cure. */
export function mountsMissing(): string | undefined {
  return spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0
    ? undefined
    : "This system lets no user have mounts of their own; allow that, or run as root.";
}

/** Servers live in sbin, which ordinary users' PATH lacks. */
function onPath(name: string): string | undefined {
  return programOnPath(name, ["/usr/sbin", "/usr/local/sbin"]);
}
