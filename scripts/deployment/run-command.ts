import { spawn } from "node:child_process";
import { UserError } from "../../lib/processes/user-error";

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Ends the program when it aborts. */
  readonly signal?: AbortSignal;
  /** The program's stdin. */
  readonly input?: string;
  /** Runs the program in its own session, so that a terminal's Ctrl-C does not reach it. */
  readonly detached?: boolean;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The function that runs programs. Tests replace it and answer for the programs. */
export type RunCommand = typeof runCommand;

/**
 * Runs a program of PATH to its end, without a shell. Returns undefined if the program is missing.
 * @throws {UserError} if the signal ended it, or if it cannot be started.
 */
export function runCommand(
  program: string,
  args: readonly string[],
  { env = process.env, cwd, signal, input, detached }: CommandOptions = {},
): Promise<CommandResult | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env,
      cwd,
      signal,
      detached,
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    // The program may end before it reads its stdin.
    child.stdin?.on("error", () => {}).end(input);
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]?.setEncoding("utf8").on("data", (chunk: string) => {
        output[stream] += chunk;
      });
    }
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") resolve(undefined);
      else if (signal?.aborted) reject(new UserError(`${program} was interrupted.`));
      else reject(new UserError(`${program} cannot be run (${error.code}). Install it again.`));
    });
    child.on("close", (code) => resolve({ ...output, code: code ?? 1 }));
  });
}
