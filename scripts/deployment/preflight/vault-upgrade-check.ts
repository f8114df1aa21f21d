import { deployedFiles } from "../deployed-files";
import type { StackState } from "../stack-state";
import type { Check } from "./check";

/** Refuses changes that Vault's data do not survive: an older Vault, and a skipped major version. */
export const checkVaultUpgrade: Check = ({ environment, stacks, states }) => {
  const running = versionsOf(states.get("vault-server"));
  if (!stacks.some(({ name }) => name === "vault-server")) return [];
  const { version, snapshots } = environment.vault;
  return running.flatMap((runs) => {
    const difference = compare(version, runs);
    if (difference === 0) return [];
    if (difference < 0) {
      return [
        `vault.version: Vault ${runs} runs, and ${version} is older. Vault's data do not go back to an older version: write ${runs} or a newer one. To go back, restore the snapshot from before the upgrade (docs/operations.md, "Upgrade Vault").`,
      ];
    }
    const next = major(runs) + 1;
    if (major(version) > next) {
      return [
        `vault.version: Vault ${runs} runs, and ${version} skips the major version ${next}, which Vault does not allow. Deploy a release of ${next}.x first.`,
      ];
    }
    if (snapshots.enabled || environment.upgradeWithoutSnapshot) return [];
    return [
      `vault.snapshots.enabled is false, so Vault would take no snapshot before the upgrade from ${runs} to ${version}. Set it to true, or add --no-snapshot if Vault's data may be lost.`,
    ];
  });
};

/** Returns the different versions of Vault on the VMs of a stack. */
function versionsOf(vaultServer: StackState | undefined): string[] {
  const releases = deployedFiles(vaultServer, "/etc/vault-vm/vault-release.env");
  // Enterprise adds +ent.
  return [...new Set(releases.flatMap((release) => /^RELEASE_VERSION=([\d.]+)/m.exec(release)?.[1] ?? []))];
}

const major = (version: string): number => Number(version.split(".")[0]);

/** Returns a number below zero if the first version is older. */
function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  return left?.map((part, index) => part - (right?.[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
