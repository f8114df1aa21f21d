import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { providersAreLocked } from "../../constructs/terraform/provider-locks";
import type { Report } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { terraformName } from "../../lib/terraform/terraform-program";
import type { Interruption } from "./interruption";
import { forgetOtherEnvironment } from "./other-environment";
import { runCommand } from "./run-command";
import { stackFolder } from "./stack-folder";
import { knownTerraformCause, terraformFailure, unfolded } from "./terraform-failure";

/** The parameters of a Terraform run on a stack, in the same folder that cdktf uses. */
export interface TerraformRun {
  readonly stack: string;
  readonly env: NodeJS.ProcessEnv;
  readonly interruption: Interruption;
  /** Receives Terraform's current activity. */
  readonly report: Report;
  /** Values that must never be shown, even if a program prints them. */
  readonly secrets?: readonly string[];
}

/** Terraform ended with an error. */
export class TerraformError extends UserError {
  override readonly name = "TerraformError";

  constructor(
    sentence: string,
    /** Its complete output. */
    readonly output: string,
  ) {
    super(sentence);
  }
}

/**
 * Runs Terraform on an initialized stack, and returns its exit code. Forwards an interrupt to Terraform, which then finishes its
 * current work, writes its state and releases its lock.
 * @param good exit codes that mean success
 * @throws {TerraformError} with the reason, if it fails.
 */
export async function terraform(
  run: TerraformRun,
  args: readonly string[],
  good: readonly number[] = [0],
): Promise<number> {
  const { stack, env, interruption } = run;
  interruption.check();
  interruption.waitingFor = `Terraform to finish its work on ${stack} and to release its lock`;
  const { code, output } = await toItsEnd(run, args).finally(() => {
    interruption.waitingFor = "";
  });
  interruption.check();
  if (good.includes(code)) return code;
  throw new TerraformError(terraformFailure({ environment: String(env.ENVIRONMENT), stack }, output), output);
}

/** Returns Terraform's machine-readable output. Undefined if it fails. */
export async function terraformOutput(
  { stack, env, interruption }: Pick<TerraformRun, "stack" | "env" | "interruption">,
  args: readonly string[],
): Promise<string | undefined> {
  const result = await runCommand(terraformName(), [inFolderOf(stack), ...args], {
    env,
    signal: interruption.signal,
  });
  return result?.code === 0 ? result.stdout : undefined;
}

/**
 * Connects a stack's folder with its state, and installs its providers. If lock files are committed, only the providers in the stack's file.
 * @throws {UserError} if its state or its providers cannot be reached.
 */
export async function initialize(run: Omit<TerraformRun, "report">): Promise<void> {
  const { stack, env, interruption } = run;
  interruption.check();
  await forgetOtherEnvironment(stack, String(env.ENVIRONMENT));
  const lock = providersAreLocked() ? ["-lockfile=readonly"] : [];
  const args = [inFolderOf(stack), "init", "-input=false", "-no-color", ...lock];
  const result = await runCommand(terraformName(), args, { env, signal: interruption.signal });
  interruption.check();
  if (result?.code === 0) return;
  const output = result ? result.stderr || result.stdout : "Terraform is not installed";
  const said = unfolded(output).trim();
  throw new UserError(
    knownTerraformCause({ environment: String(env.ENVIRONMENT), stack }, output) ??
      (/provider packages?|install provider|lock file/i.test(said)
        ? `The providers of the stack ${stack} cannot be installed (${said.slice(0, 500)}). Check that Terraform reaches its registry or a mirror.`
        : `The state of the stack ${stack} cannot be read (${said.slice(0, 300)}). Check that you may read the folder state/, or that the storage account exists (scripts/create-state-store) and you may read its blobs.`),
  );
}

async function toItsEnd(
  { stack, env, interruption: { signal }, report, secrets = [] }: TerraformRun,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  const child = spawn(terraformName(), [inFolderOf(stack), ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    // A separate session, so that the terminal's Ctrl-C does not reach it. A second signal would stop it in the middle of its work.
    detached: true,
  });
  const interrupt = (): void => void child.kill("SIGINT");
  signal.addEventListener("abort", interrupt, { once: true });
  const lines: string[] = [];
  const take = (raw: string): void => {
    const line = secrets.reduce((text, secret) => text.replaceAll(secret, "(hidden)"), raw.trimEnd());
    lines.push(line);
    if (activity.test(line)) report(line.trim());
  };
  for (const stream of [child.stdout, child.stderr] as Readable[]) createInterface(stream).on("line", take);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", () =>
        reject(
          new UserError("Terraform cannot be run. Install Terraform 1.11 or newer, and put it on the PATH."),
        ),
      );
      child.on("close", (exitCode) => resolve(exitCode ?? 1));
    });
    return { code, output: lines.join("\n") };
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

const inFolderOf = (stack: string): string => `-chdir=${stackFolder(stack)}`;

/** Lines of Terraform's output that show its current activity. */
const activity =
  /: (?:Creating|Still creating|Creation complete|Modifying|Still modifying|Destroying|Still destroying|Refreshing state|Reading|Provisioning|Opening)/;
