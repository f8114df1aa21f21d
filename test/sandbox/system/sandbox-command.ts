import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { waitFor } from "../../../lib/processes/wait-for";

const project = resolve(__dirname, "../../..");

/** Deadline of a wait on a busy machine, in milliseconds. */
export const deadlineMs = 120_000;

/** A running `npm run sandbox`. */
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

/** A place for the temporary folders of one test's sandboxes. It identifies their processes. */
export class Place {
  /** The path is short, because it contains unix sockets. */
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
          throw new Error(`It ended with ${code} and never printed "${words}": ${text}`);
        });
        abort.catch(() => {});
        await waitFor(`"${words}"`, () => text.includes(words), { deadlineMs, intervalMs: 5, abort });
      },
      exitCode: () => closed,
    };
  }

  /** Returns process ids and command lines of all processes that name the place, have it in their environment or work in it. */
  processes(): string[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => readProcess(pid, "stat").split(") ")[1]?.startsWith("Z") === false)
      .filter((pid) => ["cmdline", "environ"].some((file) => readProcess(pid, file).includes(this.path)))
      .map((pid) => `${pid} ${readProcess(pid, "cmdline").replaceAll("\0", " ").trim()}`);
  }

  /** Waits until no process and no file remains, except a kept folder. */
  async isEmpty({ but = [] as string[] } = {}): Promise<void> {
    // These programs do not belong to the sandbox, and have their caches in TMPDIR.
    const strange = /^(tsx-\d+|node-compile-cache)$/;
    await waitFor(
      "all processes and files to be gone",
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
    return ""; // the process has just ended
  }
}
