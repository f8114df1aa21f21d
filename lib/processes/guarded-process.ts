import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { Writable } from "node:stream";
import { guardGroup, releaseGroup } from "./group-guardian";
import { codeOf, UserError } from "./user-error";

export interface GuardedProcessOptions {
  /** Absolute path of the program. */
  readonly command: string;
  readonly args: readonly string[];
  /** The program's whole environment. It inherits nothing. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard input, output and error, as in child_process. */
  readonly stdio: [
    input: "ignore" | "pipe",
    output: "ignore" | "pipe" | number,
    error: "ignore" | "pipe" | number,
  ];
}

/** The end of a process. One of the two fields is set. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface GuardedProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when the process and its whole group have ended. */
  readonly ended: Promise<Ending>;
  /** Sends a signal to the process, or to its whole group. */
  signal(signal: NodeJS.Signals, whom?: "process" | "group"): void;
}

/** Waits until the sandbox says go, then becomes the program. So the program never runs unguarded. */
const LAUNCHER = 'read -r go <&3 || exit 125; exec "$@" 3<&-';

/**
 * Starts a program in its own process group. The group does not outlive this process, not even after kill -9.
 *
 * @throws UserError when the program is missing or cannot be executed
 */
export async function startGuarded(options: GuardedProcessOptions): Promise<GuardedProcess> {
  const { command, args, env, cwd, stdio } = options;
  await requireExecutable(command);
  const child = spawn("/bin/sh", ["-c", LAUNCHER, "launch", command, ...args], {
    detached: true,
    env,
    cwd,
    stdio: [...stdio, "pipe"] as StdioOptions,
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(new UserError(`${command} did not start: ${error.message}`)));
  });
  const pid = child.pid as number;
  const exit = new Promise<Ending>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  try {
    await guardGroup(pid);
  } catch (error) {
    signalTo(-pid, "SIGKILL");
    releaseGroup(pid);
    throw error;
  }
  letGo(child);
  return {
    pid,
    child,
    ended: exit.then((ending) => {
      signalTo(-pid, "SIGKILL"); // ends what the program left in its group
      releaseGroup(pid);
      return ending;
    }),
    signal: (signal, whom = "process") => signalTo(whom === "group" ? -pid : pid, signal),
  };
}

function letGo(child: ChildProcess): void {
  const go = child.stdio[3] as Writable;
  go.on("error", () => {}); // the launcher may already be dead; `ended` reports it
  go.end("go\n");
}

function signalTo(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    if (codeOf(error) !== "ESRCH" && codeOf(error) !== "EPERM") throw error; // already gone, or a zombie's group (macOS)
  }
}

async function requireExecutable(command: string): Promise<void> {
  if (!isAbsolute(command)) throw new UserError(`The program ${command} needs an absolute path.`);
  try {
    await access(command, constants.X_OK);
  } catch {
    throw new UserError(`${command} is missing or cannot be executed. Install it again.`);
  }
}
