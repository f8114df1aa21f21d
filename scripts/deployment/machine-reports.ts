import type { Report } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { DeadlineError, waitFor } from "../../lib/processes/wait-for";
import type { AzureCli } from "./azure-cli";
import { azureErrorSentence } from "./azure-error";
import type { Interruption } from "./interruption";
import { machineChanges, userDataText, versionOf } from "./machine-changes";
import type { StackState } from "./stack-state";

/** A VM with the user data that it has to apply. */
export interface DeployedMachine {
  readonly id: string;
  readonly name: string;
  /** As its report names the user data. */
  readonly version: string;
  /** Whether this deployment made it, gave it other user data, or left it as it was. */
  readonly deployment: "new" | "changed" | "unchanged";
  /** What will change on it, a line each. */
  readonly changes: readonly string[];
}

/** The VMs of a stack, by its state before and after the deployment. */
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
  /** The line on its serial console. */
  readonly line: string;
}

/** What the serial consoles of VMs say of the user data that they applied. */
export class MachineReports {
  constructor(private readonly az: AzureCli) {}

  /**
   * Waits until a machine has reported that it applied its user data. A failure that it reports is waited out, since it tries
   * again each minute.
   * @throws {UserError} at the deadline with what it reported, on an interrupt, or at once when the login may not read it.
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
    const nothing = "it has reported nothing yet";
    let said = nothing;
    const applied = async (): Promise<boolean> => {
      try {
        const last = await this.last(id);
        if (last?.version === version && last.applied) return true;
        if (last?.version === version && asksOnce.test(last.line)) {
          refused.abort(new UserError(`${name}: ${last.line.replace(asksOnce, "")}`));
        }
        said = last ? `it reported last: ${last.line}` : nothing;
      } catch (error) {
        said = (error as Error).message;
        if (/may not do/.test(said)) refused.abort(error);
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
        `${name} has not applied its user data ${version} within ${seconds} s; ${said.replace(/\.$/, "")}. Does it run? Its whole console: \`az vm boot-diagnostics get-boot-log --ids ${id}\`. Correct the cause, then run the same command again.`,
      );
    }
  }

  /** Whether a machine to which nothing was done is known to be behind: an earlier deployment ended before it had applied all. */
  async isBehind({ id, version }: DeployedMachine): Promise<boolean> {
    // A machine that is switched off, or whose console has forgotten the report, is not known to be.
    const last = await this.last(id).catch(() => undefined);
    return last !== undefined && !(last.version === version && last.applied);
  }

  private async last(id: string): Promise<MachineReport | undefined> {
    return lastReport(await this.console(id));
  }

  /**
   * What is on a VM's serial console, be it plain or as the text of a JSON string.
   * @throws {UserError} when it cannot be read, as in a VM's first minutes.
   */
  async console(id: string): Promise<string> {
    const command = ["vm", "boot-diagnostics", "get-boot-log"];
    const result = await this.az.attempt(...command, "--ids", id);
    if (result?.code !== 0) throw new UserError(azureErrorSentence(command.join(" "), result?.stderr ?? ""));
    return result.stdout.replaceAll(/\\r|\\n/g, "\n");
  }
}

/** A unit that does what a person asked for once: its failure is the answer. */
const asksOnce = /^user-data [0-9a-f]{12}: failed: vault-restore\.service failed: /;

/** The last report on a serial console, be it plain or as the text of a JSON string. */
export function lastReport(console: string): MachineReport | undefined {
  const reports = [
    ...console.replaceAll(/\\r|\\n/g, "\n").matchAll(/user-data ([0-9a-f]{12}): (applied|failed: [^\r\n]*)/g),
  ];
  const [line, version, outcome] = reports.at(-1) ?? [];
  if (line === undefined || version === undefined) return undefined;
  return { version, applied: outcome === "applied", line };
}
