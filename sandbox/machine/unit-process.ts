import { appendFileSync, closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { constants } from "node:os";
import { type Ending, type GuardedProcess, startGuarded } from "../../lib/processes/guarded-process";
import { identityOf } from "../../lib/processes/process-identity";
import { codeOf, UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import type { Variables } from "./unit-environment";

export interface UnitProcessOptions {
  readonly words: readonly string[];
  readonly environment: Variables;
  readonly folder: string;
  /** Its output is appended to this file. <logFile>.process names the process for StateFolder, as ChildProgram does. */
  readonly logFile: string;
  /** The value of UMask=, for example 0077. */
  readonly umask: string;
  /** LimitCORE=0 */
  readonly withoutCoreDump: boolean;
}

/**
 * Starts a command of a unit in its own process group, which ends with the sandbox.
 *
 * This does not use ChildProgram, which forgets how a short program ended. A unit depends on that.
 */
export async function startUnitProcess(options: UnitProcessOptions): Promise<GuardedProcess> {
  const { words, environment, folder, logFile, umask, withoutCoreDump } = options;
  const log = openSync(logFile, "a", 0o600);
  const limits = withoutCoreDump ? "ulimit -c 0; " : "";
  try {
    const unit = await startGuarded({
      command: "/bin/sh",
      args: ["-c", `umask ${umask}; ${limits}exec "$@"`, "sh", ...words],
      env: environment,
      cwd: folder,
      stdio: ["ignore", log, log],
    });
    const processFile = `${logFile}.process`;
    unlessFull(() =>
      writeFileSync(processFile, JSON.stringify(identityOf(unit.pid) ?? null), { mode: 0o600 }),
    );
    void unit.ended.then(() => rmSync(processFile, { force: true }));
    return unit;
  } finally {
    closeSync(log);
  }
}

/** Returns the exit code. After a signal, 128 plus the signal's number. */
export function exitCodeOf({ code, signal }: Ending): number {
  return code ?? 128 + (signal ? constants.signals[signal] : 0);
}

/**
 * Waits until a process accepts connections.
 *
 * @throws UserError immediately if the process ends, and at the deadline
 */
export async function untilListening(
  process: GuardedProcess,
  listener: string,
  { deadlineMs }: { deadlineMs: number },
): Promise<void> {
  const abort = process.ended.then((): never => {
    throw new UserError(`It ended before it listened on ${listener}`);
  });
  abort.catch(() => {}); // only of interest while waiting
  await waitFor(`a listener on ${listener}`, () => listens(listener), {
    deadlineMs,
    intervalMs: 20,
    abort,
  });
}

function listens(listener: string): Promise<boolean> {
  const [host, port] = listener.split(":");
  const place = listener.startsWith("/") ? { path: listener } : { host, port: Number(port) };
  return new Promise((resolve) => {
    const socket = connect(place);
    socket.once("close", () => resolve(false));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
  });
}

/** Writes a line of the service manager into a unit's log. */
export function logLine(logFile: string, unit: string, line: string): void {
  appendToLog(logFile, `systemd: ${unit}: ${line}\n`);
}

/** Writes into a unit's log, as in the VM's journal. On a full disk the text is lost, as there. */
export function appendToLog(logFile: string, text: string): void {
  unlessFull(() => appendFileSync(logFile, text, { mode: 0o600 }));
}

/** A VM's full disk must not end the sandbox. */
function unlessFull(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (codeOf(error) !== "ENOSPC") throw error;
  }
}
