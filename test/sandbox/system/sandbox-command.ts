import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { waitFor } from "../../../lib/processes/wait-for";

const project = resolve(__dirname, "../../..");

/** Milliseconds that a wait may take on a machine that is busy with something else. */
export const deadlineMs = 120_000;

/** `npm run sandbox` at work. */
export interface SandboxCommand {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** Waits for words in its output. Fails at once if it ends before. */
  says(text: string): Promise<void>;
  /** The exit code in the shell: 128 + the signal's number after a signal. */
  exitCode(): Promise<number>;
}

export interface CommandOptions {
  readonly args?: readonly string[];
  /** Variables in addition to this process's own. Undefined removes a variable. */
  readonly env?: NodeJS.ProcessEnv;
  /** Words before the command, such as `unshare`. */
  readonly wrapper?: readonly string[];
}

/** A place for the temporary folders of one test's sandboxes, by which their processes are known. */
export class Place {
  /** Short: unix sockets lie in it. */
  readonly path = mkdtempSync(join(tmpdir(), "sb-"));
  readonly #commands: ChildProcess[] = [];

  constructor() {
    // tsx caches its compiled files here. They belong to no sandbox, and save seconds of each start.
    const cache = `tsx-${process.getuid?.()}`;
    mkdirSync(join(tmpdir(), cache), { recursive: true });
    symlinkSync(join(tmpdir(), cache), join(this.path, cache));
  }

  /** Starts the program of `npm run sandbox`. */
  run({ args = [], env = {}, wrapper = [] }: CommandOptions = {}): SandboxCommand {
    const words = [...wrapper, process.execPath, "scripts/run-bundled.cjs", "scripts/sandbox.ts", ...args];
    const child = spawn(words[0] as string, words.slice(1), {
      cwd: project,
      env: { ...process.env, ENVIRONMENT: "demo", TMPDIR: this.path, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#commands.push(child);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
    }
    const closed = once(child, "close").then(([code, signal]): number => (signal ? 137 : Number(code)));
    return {
      child,
      output: () => text,
      says: async (words) => {
        const abort = closed.then((code): never => {
          throw new Error(`It ended with ${code} and never said "${words}": ${text}`);
        });
        abort.catch(() => {});
        await waitFor(`"${words}"`, () => text.includes(words), { deadlineMs, intervalMs: 5, abort });
      },
      exitCode: () => closed,
    };
  }

  /** Process ids and command lines of all that belongs to the place: that names it, has it in its environment or works in it. */
  processes(): string[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => readProcess(pid, "stat").split(") ")[1]?.startsWith("Z") === false)
      .filter((pid) => ["cmdline", "environ"].some((file) => readProcess(pid, file).includes(this.path)))
      .map((pid) => `${pid} ${readProcess(pid, "cmdline").replaceAll("\0", " ").trim()}`);
  }

  /** Waits until neither a process nor a file is left, besides a folder that is kept. */
  async isEmpty({ but = [] as string[] } = {}): Promise<void> {
    // These programs do not belong to the sandbox, and have their caches in TMPDIR.
    const strange = /^(tsx-\d+|node-compile-cache)$/;
    await waitFor(
      "nothing to be left",
      () => {
        const files = readdirSync(this.path).filter((name) => !strange.test(name) && !but.includes(name));
        const left = [...this.processes(), ...files];
        if (left.length > 0) throw new Error(left.join("\n"));
        return true;
      },
      { deadlineMs: 20_000 },
    );
  }

  /** Ends processes that a failed test left running. */
  async remove(): Promise<void> {
    for (const command of this.#commands) command.kill("SIGKILL");
    await this.isEmpty({ but: readdirSync(this.path) }).catch(() => {});
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return ""; // it has just ended
  }
}
