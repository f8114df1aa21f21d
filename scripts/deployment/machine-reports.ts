import type { Report } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { DeadlineError, waitFor } from "../../lib/processes/wait-for";
import { type AzureCli, AzureCliError } from "./azure-cli";
import { azureErrorSentence, isMissingRight } from "./azure-error";
import type { Interruption } from "./interruption";
import { machineChanges, userDataText, versionOf } from "./machine-changes";
import type { StackState } from "./stack-state";

/** A VM and the user data that it must apply. */
export interface DeployedMachine {
  readonly id: string;
  readonly name: string;
  /** The name of the user data in its report. */
  readonly version: string;
  /** Says if this deployment created the VM, changed its user data, or left it unchanged. */
  readonly deployment: "new" | "changed" | "unchanged";
  /** The changes on the VM, one line each. */
  readonly changes: readonly string[];
}

/** Returns the VMs of a stack, from its state before and after the deployment. */
export function deployedMachines(before: StackState | undefined, after: StackState): DeployedMachine[] {
  const old = new Map(before?.existing(TYPE).map((machine) => [machine["id"], machine["user_data"]]));
  return after.existing(TYPE).map(({ id, name, user_data }) => {
    const [previous, now] = [old.get(id), userDataText(String(user_data))];
    const text = typeof previous === "string" ? userDataText(previous) : undefined;
    return {
      id: String(id),
      name: String(name),
      version: versionOf(now),
      deployment: text === undefined ? "new" : text === now ? "unchanged" : "changed",
      changes: text === undefined ? [] : machineChanges(text, now),
    };
  });
}

const TYPE = "azurerm_linux_virtual_machine";

export interface MachineReport {
  readonly version: string;
  readonly applied: boolean;
  /** The report's line on the serial console. */
  readonly line: string;
}

/** The reports about applied user data on the VMs' serial consoles. */
export class MachineReports {
  constructor(private readonly az: AzureCli) {}

  /**
   * Waits until a machine reports that it applied its user data. After a reported failure, this continues to wait, because the machine tries
   * again each minute.
   * @throws {UserError} at the deadline with the last report, on an interrupt, or at once if the login cannot read the console.
   */
  async untilApplied(
    { id, name, version }: DeployedMachine,
    { seconds, interruption, report }: { seconds: number; interruption: Interruption; report: Report },
  ): Promise<void> {
    const refused = new AbortController();
    const abort = new Promise<never>((_, reject) => {
      refused.signal.addEventListener("abort", () => reject(refused.signal.reason));
      interruption.promise.catch(reject);
    });
    abort.catch(() => {}); // only of interest while waiting
    const nothing = "it has not reported anything yet";
    let said = nothing;
    const applied = async (): Promise<boolean> => {
      try {
        const last = await this.last(id);
        if (last?.version === version && last.applied) return true;
        if (last?.version === version && asksOnce.test(last.line)) {
          refused.abort(new UserError(`${name}: ${last.line.replace(asksOnce, "")}`));
        }
        said = last ? saidBy(last) : nothing;
      } catch (error) {
        said = (error as Error).message;
        if (error instanceof AzureCliError && isMissingRight(error.said)) refused.abort(error);
      }
      report(`${name}: ${said}`);
      return false;
    };
    try {
      await waitFor(`${name} to apply its user data`, applied, {
        deadlineMs: seconds * 1000,
        intervalMs: Math.min(10_000, seconds * 100),
        abort,
      });
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new UserError(
        `${name} has not applied its user data ${version} within ${seconds} s (${said.replace(/\.$/, "")}). Check that it runs, and read its console: \`az vm boot-diagnostics get-boot-log --ids ${id}\`. Correct the cause, then run the same command again.`,
      );
    }
  }

  /** Returns true if an unchanged machine has not applied its user data yet, because an earlier deployment ended too early. */
  async isBehind({ id, version }: DeployedMachine): Promise<boolean> {
    // This is unknown if the machine is off or its console no longer contains the report.
    const last = await this.last(id).catch(() => undefined);
    return last !== undefined && !(last.version === version && last.applied);
  }

  private async last(id: string): Promise<MachineReport | undefined> {
    return lastReport(await this.console(id));
  }

  /**
   * Returns the content of a VM's serial console: plain text or a JSON string.
   * @throws {UserError} if it cannot be read, for example in a VM's first minutes.
   */
  async console(id: string): Promise<string> {
    const command = ["vm", "boot-diagnostics", "get-boot-log"];
    const result = await this.az.attempt(...command, "--ids", id);
    if (result?.code !== 0) {
      const stderr = result?.stderr ?? "";
      throw new AzureCliError(azureErrorSentence(command.join(" "), stderr), stderr);
    }
    return result.stdout.replaceAll(/\\r|\\n/g, "\n");
  }
}

/** In a cluster, vault-turn waits for this node's turn. The turn begins after that. */
function saidBy({ line }: MachineReport): string {
  if (line.endsWith(": restarts vault-turn.service")) return "it waits for its turn to restart Vault";
  return `its last report: ${line}`;
}

/** A unit that runs once for a person's request. Its failure is the final answer. */
const asksOnce = /^user-data [0-9a-f]{12}: failed: vault-restore\.service failed: /;

/** Returns the last report on a serial console: plain text or a JSON string. */
export function lastReport(console: string): MachineReport | undefined {
  const reports = [
    ...console
      .replaceAll(/\\r|\\n/g, "\n")
      .matchAll(/user-data ([0-9a-f]{12}): (applied|(?:failed:|restarts) [^\r\n]*)/g),
  ];
  const [line, version, outcome] = reports.at(-1) ?? [];
  if (line === undefined || version === undefined) return undefined;
  return { version, applied: outcome === "applied", line };
}
