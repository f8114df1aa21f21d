import { z } from "zod";
import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import { DeadlineError, waitFor } from "../../lib/processes/wait-for";
import { AzureCli } from "./azure-cli";
import type { Interruption } from "./interruption";
import { deployedMachines } from "./machine-reports";
import { oneAtATime } from "./one-at-a-time";
import { readArguments, readSeconds, runScript, say } from "./run-script";
import type { StackState } from "./stack-state";
import { unsealKeyUrl, versionsInNewestSnapshot } from "./unseal-key";
import { deployVaultServer, readVaultServer } from "./vault-server-stack";

const help = `Usage: scripts/rotate-unseal-key [environment] [--wait SECONDS]

Rotates Vault's unseal key in these steps:
  1. creates a new version of the key in Key Vault,
  2. deploys the stack vault-server, which restarts Vault; Vault then wraps its root key and recovery key with the new version,
  3. waits for a snapshot that shows that Vault's data need no other version,
  4. disables the earlier versions.
If it fails or is killed, run the same command again. It continues where it stopped, with the version that it created.

An older snapshot needs the version of its time. Enable that version before you restore the snapshot.

  environment     a file of environments/, without .json (default: $ENVIRONMENT, else demo)
  --wait SECONDS  how long to wait for a node's restart, and for the snapshot (default 1200)
`;

/** `scripts/rotate-unseal-key`. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const { environment: name, values } = readArguments(help, { wait: { type: "string", default: "1200" } });
    const environment = loadEnvironment(name);
    if (!environment.vault.snapshots.enabled) {
      throw new UserError(
        `The environment ${name} keeps no snapshots. Only a snapshot shows which versions of the key Vault's data need. Set vault.snapshots.enabled to true in its file, and deploy.`,
      );
    }
    if (environment.vault.unsealKey !== undefined) {
      throw new UserError(
        `Vault of ${name} seals itself with ${environment.vault.unsealKey}, which another environment rotates; first migrate the seal to a key of its own (docs/operations.md, "Another key, or another Key Vault").`,
      );
    }
    const wait = readSeconds(values.wait);
    await oneAtATime(() => new UnsealKeyRotation(environment, wait, interruption).run());
  });
}

const keyVersion = z.object({ kid: z.string(), attributes: z.object({ enabled: z.boolean() }) });
const keyShown = z.object({ key: z.object({ kid: z.string() }) });

/** One run of the script. */
class UnsealKeyRotation {
  private readonly az: AzureCli;

  constructor(
    private readonly environment: Environment,
    private readonly wait: number,
    private readonly interruption: Interruption,
  ) {
    this.az = new AzureCli(environment.azureCloud, interruption.signal);
  }

  async run(): Promise<void> {
    const { az, environment, wait, interruption } = this;
    const before = await readVaultServer(environment, interruption.signal);
    const id = unsealKeyUrl(environment, before);
    if (!id) throw new UserError("The stack vault-server is not deployed; run scripts/deploy first.");
    const enabled = await this.enabledVersions(id);
    await this.refuseSealing(before, enabled.map(versionIn));
    // If two versions are enabled, an earlier rotation has not ended.
    if (enabled.length < 2) await az.run("keyvault", "key", "rotate", "--id", id);
    const newest = await this.newest(id);
    say(`unseal key: its newest version is ${versionIn(newest)}`);
    await deployVaultServer(environment, { wait }, interruption);
    await this.untilNothingNeedsAnother(versionIn(newest));
    for (const kid of await this.enabledVersions(id)) {
      if (kid === newest) continue;
      await az.run("keyvault", "key", "set-attributes", "--id", kid, "--enabled", "false");
      say(`unseal key: version ${versionIn(kid)} is disabled; older snapshots need it`);
    }
    process.stdout.write(`Vault's data need version ${versionIn(newest)} of the unseal key, and no other.\n`);
  }

  /** @throws {UserError} if Vault could no longer unseal itself after the restart */
  private async refuseSealing(state: StackState, enabled: readonly string[]): Promise<void> {
    const needed = await versionsInNewestSnapshot(this.az, deployedMachines(undefined, state));
    const missing =
      enabled.length === 0 ? ["its newest version"] : needed?.filter((one) => !enabled.includes(one));
    if (!missing?.length) return;
    throw new UserError(
      `Nothing was changed, because Vault would stay sealed after a restart: its data need ${missing.join(" and ")} of the unseal key, which is disabled. Enable it (\`az keyvault key set-attributes --enabled true\`), and run the same command again.`,
    );
  }

  private async enabledVersions(id: string): Promise<string[]> {
    const versions = await this.az.json(z.array(keyVersion), "keyvault", "key", "list-versions", "--id", id);
    return versions.filter(({ attributes }) => attributes.enabled).map(({ kid }) => kid);
  }

  private async newest(id: string): Promise<string> {
    return (await this.az.json(keyShown, "keyvault", "key", "show", "--id", id)).key.kid;
  }

  /** A single node takes a snapshot right after its restart. A cluster may take its first one when the timer elapses. */
  private async untilNothingNeedsAnother(version: string): Promise<void> {
    const { wait, interruption, environment } = this;
    const machines = deployedMachines(undefined, await readVaultServer(environment, interruption.signal));
    let needed: readonly string[] | undefined;
    const proven = async (): Promise<boolean> => {
      needed = await versionsInNewestSnapshot(this.az, machines);
      return needed?.join() === version;
    };
    try {
      await waitFor("a snapshot that needs the newest version only", proven, {
        deadlineMs: wait * 1000,
        intervalMs: Math.min(10_000, wait * 100),
        abort: interruption.promise,
      });
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      const seen = needed
        ? `the newest snapshot needs ${needed.join(" and ")}`
        : "no node reports a snapshot on its serial console";
      throw new UserError(
        `No version was disabled: ${seen}. Vault takes a snapshot every ${environment.vault.snapshots.interval}. Run the same command again after the next one.`,
      );
    }
  }
}

const versionIn = (kid: string): string => kid.split("/").at(-1) ?? kid;
