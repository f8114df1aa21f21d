import { UserError } from "../../../lib/processes/user-error";
import type { CommandResult, RunCommand } from "../../../scripts/deployment/run-command";
import { az, azOutput, callOf, emptyCloud, gh, ProgramError, terraform } from "./cloud";

/** Imitations of az, gh and terraform that record their calls. */
export class ImitatedPrograms {
  cloud = emptyCloud();
  /** Terraform's plans by stack. A string is the error of a failed plan. */
  plans: Record<string, unknown> = {};
  /** Every call: the program, then its arguments. */
  calls: string[][] = [];
  /** The call at which a program is killed before it does anything, such as `lock create`. */
  killedAt: string | undefined;

  /** Runs a program as lib's own function does, but in this process. */
  readonly runCommand: RunCommand = async (program, args, { input = "" } = {}) => {
    if (callOf(args, "").command === this.killedAt) throw new UserError(`${program} was interrupted.`);
    return this.answer(program, args, input);
  };

  answer(program: string, args: readonly string[], input: string): CommandResult {
    this.calls.push([program, ...args]);
    try {
      const stdout = this.output(program, args, input);
      return { code: 0, stdout: stdout && `${stdout}\n`, stderr: "" };
    } catch (error) {
      const known = error instanceof ProgramError;
      const stderr = known ? error.message : `ERROR: the imitation is at fault: ${error}`;
      return { code: known ? Number(error.cause ?? 1) : 1, stdout: "", stderr: `${stderr}\n` };
    }
  }

  private output(program: string, args: readonly string[], input: string): string {
    const call = callOf(args, input);
    if (program === "az") return azOutput(az(this.cloud, call), call);
    if (program === "terraform") return terraform(this.plans, args) ?? "";
    const answer = gh(this.cloud, call);
    return answer === undefined ? "" : JSON.stringify(answer);
  }
}

/** The end of a script that runs in this process, with the lines that it prints. */
export async function outcomeOf(
  work: (say: (line: string) => void) => Promise<void>,
): Promise<{ status: number; stderr: string }> {
  const lines: string[] = [];
  try {
    await work((line) => lines.push(line));
    return { status: 0, stderr: lines.join("\n") };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { status: 1, stderr: [...lines, error.message].join("\n") };
  }
}
