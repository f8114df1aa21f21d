import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import type { Report } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import type { Interruption } from "./interruption";
import { forgetOtherEnvironment } from "./other-environment";
import { projectFolder } from "./project";
import { terraformFailure } from "./terraform-failure";
import { terraformsOf } from "./terraform-processes";

export interface CdktfOptions extends TerraformRun {
  /** `deploy`, `destroy` or `diff`. */
  readonly action: "deploy" | "destroy" | "diff";
}

/** What a stack's Terraform runs with. */
export interface TerraformRun {
  readonly stack: string;
  readonly env: NodeJS.ProcessEnv;
  readonly interruption: Interruption;
  /** Told what Terraform is at. */
  readonly report: Report;
  /** Values that must not be shown, should a program print them. */
  readonly secrets?: readonly string[];
}

/** Terraform ended with an error. */
export class TerraformError extends UserError {
  constructor(
    sentence: string,
    /** All that it printed. */
    readonly output: string,
  ) {
    super(sentence);
  }
}

/**
 * Runs `cdktf` on one stack, and gives what it printed.
 * An interrupt is handed to the Terraform below it, which finishes what it has begun, writes its state and gives back its lock.
 * @throws {TerraformError} when it fails, with Terraform's reason.
 */
export async function cdktf(options: CdktfOptions): Promise<string> {
  const { stack, interruption } = options;
  const environment = String(options.env.ENVIRONMENT);
  interruption.check();
  await forgetOtherEnvironment(stack, environment);
  interruption.waitingFor = `Terraform to finish what it began with ${stack} and to give back its lock`;
  try {
    const approval =
      options.action === "diff" ? [] : ["--auto-approve", "--ignore-missing-stack-dependencies"];
    const args = ["--no-install", "cdktf", options.action, stack, ...approval, "--no-color"];
    const { code, output } = await runToItsEnd("npx", args, options);
    interruption.check();
    if (code !== 0) throw new TerraformError(terraformFailure({ environment, stack }, output), output);
    return output;
  } finally {
    interruption.waitingFor = "";
  }
}

/**
 * Runs a program to its end, and gives its exit code and what it printed. An interrupt reaches only the Terraform that it is, or runs.
 * @throws {UserError} where there is no such program.
 */
export async function runToItsEnd(
  program: string,
  args: readonly string[],
  { stack, env, interruption, report, secrets = [] }: TerraformRun,
): Promise<{ code: number; output: string }> {
  const child = spawn(program, args, {
    cwd: projectFolder,
    // CI: its lines as they come, without the animation that it draws for a terminal.
    env: { ...env, CI: "true" },
    stdio: ["ignore", "pipe", "pipe"],
    // A session of its own, so that the terminal's Ctrl-C does not reach it: see terraform-processes.ts.
    detached: true,
  });
  const lines: string[] = [];
  const take = (raw: string): void => {
    const line = secrets.reduce((text, secret) => text.replaceAll(secret, "(hidden)"), plain(raw, stack));
    lines.push(line);
    if (activity.test(line)) report(line.trim());
  };
  for (const stream of [child.stdout, child.stderr] as Readable[]) createInterface(stream).on("line", take);
  const passOn = interruptTerraforms(() => child.pid, interruption);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", () =>
        reject(
          new UserError(
            program === "npx"
              ? "npx cannot be run; install Node.js with npm, and put both on the PATH."
              : `${program} cannot be run; install Terraform 1.11 or newer, and put it on the PATH.`,
          ),
        ),
      );
      child.on("close", (exitCode) => resolve(exitCode ?? 1));
    });
    return { code, output: lines.join("\n") };
  } finally {
    clearInterval(passOn);
  }
}

/** After an interrupt, each Terraform gets one signal: a second one would make it leave its work undone. */
function interruptTerraforms(rootOf: () => number | undefined, { signal }: Interruption): NodeJS.Timeout {
  const told = new Set<number>();
  let looking = false;
  return setInterval(async () => {
    const root = rootOf();
    if (!signal.aborted || root === undefined || looking) return;
    looking = true;
    for (const pid of await terraformsOf(root)) {
      if (told.has(pid)) continue;
      told.add(pid);
      try {
        process.kill(pid, "SIGINT");
      } catch {
        // It has ended by itself.
      }
    }
    looking = false;
  }, 200);
}

/** Lines of Terraform that say what it is doing. */
const activity =
  /: (?:Creating|Still creating|Creation complete|Modifying|Still modifying|Destroying|Still destroying|Refreshing state|Reading|Provisioning|Opening)|^(?:Initializing|- Installing)/;

/** Without colours and without the column that cdktf puts the stack's name in. */
function plain(line: string, stack: string): string {
  const text = stripVTControlCharacters(line).trimEnd();
  const prefix = `${stack}  `;
  if (text.startsWith(prefix)) return text.slice(prefix.length);
  return text.startsWith(" ".repeat(prefix.length)) ? text.slice(prefix.length) : text;
}
