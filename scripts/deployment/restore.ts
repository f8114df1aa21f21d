import type { RestoreRequest } from "../../cloud-init/vault-server/restore-request";
import { azureId } from "../../environments/azure-id";
import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import { AzureCli } from "./azure-cli";
import type { Interruption } from "./interruption";
import { deployedMachines, MachineReports } from "./machine-reports";
import { oneAtATime } from "./one-at-a-time";
import { readArguments, readSeconds, runScript, say } from "./run-script";
import { deployVaultServer, readVaultServer } from "./vault-server-stack";

const help = `Usage: scripts/restore [environment] [--snapshot NAME] [--from ID] [--force] [--wait SECONDS]
       scripts/restore [environment] --drill [--wait SECONDS]

Restores a snapshot of the environment's snapshot store into its Vault. The script deploys the stack vault-server with the request, waits
until Vault's active node has restored the snapshot, and removes the request. If it fails, run the same command again.

The node first checks that the snapshot is complete, that it may unwrap with each version of the unseal key that the snapshot needs, and
that Vault is empty. It changes nothing before these checks have passed.

  environment     a file of environments/, without .json (default: $ENVIRONMENT, else demo)
  --snapshot NAME the snapshot's name in the store, as scripts/status shows it (default: the newest)
  --from ID       Azure id of another environment's storage account that has the snapshot. Vault must use that environment's unseal key
                  (vault.unsealKey), and holders of its recovery keys let the VM in: docs/operations.md, "Into another environment"
  --force         restore even if Vault holds newer data, which are then lost
  --drill         restore the newest snapshot into a second Vault on a node, compare the two, and stop the second one
  --wait SECONDS  how long to wait for the node (default 1800)
`;

/** `scripts/restore`. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const { environment: name, values } = readArguments(help, {
      snapshot: { type: "string", default: "newest" },
      from: { type: "string" },
      force: { type: "boolean", default: false },
      drill: { type: "boolean", default: false },
      wait: { type: "string", default: "1800" },
    });
    const environment = loadEnvironment(name);
    const request = requestOf(environment, values);
    const wait = readSeconds(values.wait);
    await oneAtATime(() => new Restore(environment, request, wait, interruption).run());
  });
}

/** @throws {UserError} if the options contradict each other, or the environment. */
function requestOf(
  { name, vault }: Environment,
  { snapshot, from, force, drill }: { snapshot: string; from?: string; force: boolean; drill: boolean },
): RestoreRequest {
  if (!vault.snapshots.enabled) {
    throw new UserError(
      `The environment ${name} keeps no snapshots. Set vault.snapshots.enabled to true in its file, and deploy.`,
    );
  }
  if (drill && (force || from !== undefined || snapshot !== "newest")) {
    throw new UserError(
      "A drill restores the newest snapshot and changes nothing. Leave --snapshot, --from and --force out.",
    );
  }
  if (from !== undefined) requireOtherEnvironment(name, from, vault.unsealKey);
  if (!/^[\w-]+(\.[\w-]+)*$/.test(snapshot)) {
    throw new UserError(
      `${JSON.stringify(snapshot)} is not the name of a snapshot. scripts/status shows the newest name.`,
    );
  }
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return {
    time,
    snapshot: snapshot.replace(/\.snap$/, ""),
    ...(from !== undefined && { from }),
    kind: drill ? "drill" : force ? "force" : "restore",
  };
}

const STORAGE_ACCOUNT = azureId("Microsoft\\.Storage/storageAccounts/[a-z0-9]{3,24}");

/** @throws {UserError} for an id that is none, and for a Vault that cannot open another environment's snapshots */
function requireOtherEnvironment(environment: string, from: string, unsealKey: string | undefined): void {
  if (!STORAGE_ACCOUNT.test(from)) {
    throw new UserError(
      `${JSON.stringify(from)} is not the Azure id of a storage account; write it as \`az storage account show --query id\` does.`,
    );
  }
  if (unsealKey === undefined) {
    throw new UserError(
      `Another environment's snapshots stay under its unseal key, and ${environment} seals with its own. Set vault.unsealKey to the Azure id of that key before the first deployment of ${environment}; docs/operations.md, "Into another environment", says how.`,
    );
  }
}

/** One run of the script. */
class Restore {
  constructor(
    private readonly environment: Environment,
    private readonly request: RestoreRequest,
    private readonly wait: number,
    private readonly interruption: Interruption,
  ) {}

  async run(): Promise<void> {
    const { environment, request } = this;
    let report: string;
    try {
      await this.deploy({ ...environment, restore: request });
      report = await this.report();
    } catch (error) {
      // The VM would otherwise retry the request that it has refused.
      if (this.interruption.exitCode === undefined) await this.deploy(environment).catch(() => {});
      throw error;
    }
    await this.deploy(environment);
    process.stdout.write(`${report}\n`);
    if (request.kind !== "drill")
      process.stdout.write(afterwards(environment.name, report, request.from !== undefined));
  }

  private async deploy(environment: Environment): Promise<void> {
    // Vault may serve nobody before the restore, so its nodes cannot wait for each other.
    const atOnce = this.request.kind !== "drill";
    await deployVaultServer(environment, { wait: this.wait, atOnce }, this.interruption);
  }

  /** Returns the report on the console of the node that restored the snapshot. @throws {UserError} if no node reports it */
  private async report(): Promise<string> {
    const { environment, request, interruption } = this;
    const state = await readVaultServer(environment, interruption.signal);
    const reports = new MachineReports(new AzureCli(environment.azureCloud, interruption.signal));
    const consoles = await Promise.all(
      deployedMachines(undefined, state).map(({ id, name }) =>
        reports.console(id).catch((error: Error) => {
          say(`Warning: ${name}: ${error.message}`);
          return "";
        }),
      ),
    );
    const line = reportOf(consoles, request);
    if (line) return line;
    throw new UserError(
      "No node reports that it restored the snapshot. Another node may have become active meanwhile. Run the same command again.",
    );
  }
}

/** Returns the consoles' line about a request. Undefined if no console has it. */
export function reportOf(
  consoles: readonly string[],
  { time }: Pick<RestoreRequest, "time">,
): string | undefined {
  const lines = consoles.flatMap((console) => [
    ...console.matchAll(/vault-restore [\w.-]+ for (\d{8}T\d{6}Z): (?:restored|drill passed)[^\r\n]*/g),
  ]);
  return lines.find(([, of]) => of === time)?.[0];
}

/** Returns the instructions for changes since the snapshot, which the snapshot does not contain. */
export function afterwards(environment: string, report: string, fromOther: boolean): string {
  const [, taken] = /vault-restore (\d{8}T\d{6}Z)/.exec(report) ?? [];
  return `
Vault holds the data of ${taken ?? "the time of the snapshot"}. Later changes are lost:
  - Deployers and recovery key readers may log in as the environment file says. Every earlier session has ended.
  - The recovery keys are from that time, too. ${fromOther ? "The other environment's recovery Key Vault has them." : "Key Vault keeps each set as a version of the secret vault-recovery-keys."}
  - Vault does not know the database users that it has created since then. They stay in MySQL. docs/operations.md says how to find them.
  - Workloads that were removed since then have their roles in Vault again. docs/operations.md says how to find them.
  - If MySQL's administrator password was rotated since then, raise mysql.passwordVersion.
Now run scripts/deploy ${environment}, which brings Vault's configuration up to date.
`;
}
