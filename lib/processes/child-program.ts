import { closeSync, openSync } from "node:fs";
import { chmod, open, rm, writeFile } from "node:fs/promises";
import {
  type Ending,
  type GuardedProcess,
  type GuardedProcessOptions,
  startGuarded,
} from "./guarded-process";
import { identityOf } from "./process-identity";
import { lastLines } from "./run-program";
import { codeOf, UserError } from "./user-error";
import { DeadlineError, waitFor } from "./wait-for";

export interface ChildProgramOptions extends Omit<GuardedProcessOptions, "stdio"> {
  /** The program's name in messages, for example "Vault". */
  readonly name: string;
  /**
   * The program appends its output to this file, which only its owner can read. <logFile>.process beside it names the
   * running process.
   */
  readonly logFile: string;
}

/** An error quotes this many log lines. */
const QUOTED_LINES = 5;

/**
 * A long-running program that can be started, awaited, stopped, killed and restarted. It runs in its own process group.
 * So Ctrl-C reaches only the sandbox, and the program does not outlive the sandbox.
 */
export class ChildProgram {
  private process?: GuardedProcess;
  private lastEnd: Promise<Ending> = new Promise(() => {}); // replaced by each start

  private constructor(private readonly options: ChildProgramOptions) {}

  /** @throws UserError when the program is missing or cannot be executed */
  static async start(options: ChildProgramOptions): Promise<ChildProgram> {
    const program = new ChildProgram(options);
    await program.launch();
    return program;
  }

  get name(): string {
    return this.options.name;
  }

  /** The process id. Undefined while the program does not run. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  get running(): boolean {
    return this.process !== undefined;
  }

  /** Resolves when the most recently started process has ended. */
  get ended(): Promise<Ending> {
    return this.lastEnd;
  }

  /**
   * Waits until `condition` holds, as `waitFor` does.
   *
   * @param what the awaited event, as in "Vault to answer"
   * @throws UserError at once when the program ends first, and at the deadline. Both errors quote its last log
   * lines.
   */
  async until<T>(
    what: string,
    condition: () => T | Promise<T>,
    { deadlineMs, intervalMs }: { deadlineMs: number; intervalMs?: number },
  ): Promise<NonNullable<T>> {
    const abort = this.ended.then(async (ending): Promise<never> => {
      throw new UserError(
        `${this.name} ended ${describe(ending)} while the sandbox waited for ${what}. ${await this.quoteLog()}`,
      );
    });
    abort.catch(() => {}); // only matters while waiting
    try {
      return await waitFor(what, condition, { deadlineMs, intervalMs, abort });
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new UserError(`${error.message} ${await this.quoteLog()}`);
    }
  }

  /** Sends SIGTERM to the program. After `deadlineMs`, kills the program and its group. */
  async stop({ deadlineMs = 10_000 }: { deadlineMs?: number } = {}): Promise<void> {
    const process = this.process;
    if (!process) return;
    process.signal("SIGTERM");
    const timer = setTimeout(() => process.signal("SIGKILL", "group"), deadlineMs);
    await process.ended.finally(() => clearTimeout(timer));
    await this.clear(process);
  }

  /** Kills the program and its group (SIGKILL), as a crash would. */
  async kill(): Promise<void> {
    const process = this.process;
    if (!process) return;
    process.signal("SIGKILL", "group");
    await process.ended;
    await this.clear(process);
  }

  /** Sends a signal to the program itself. For example, Vault reloads its certificate on SIGHUP. */
  signal(signal: NodeJS.Signals): void {
    if (!this.process) throw new UserError(`${this.name} is not running, so it cannot receive ${signal}.`);
    this.process.signal(signal);
  }

  /** Stops the program if it runs, then starts it with the same options. */
  async restart(options?: { deadlineMs?: number }): Promise<void> {
    await this.stop(options);
    await this.launch();
  }

  private async launch(): Promise<void> {
    const { name: _name, logFile, ...options } = this.options;
    const log = openSync(logFile, "a", 0o600);
    try {
      await chmod(logFile, 0o600);
      this.process = await startGuarded({ ...options, stdio: ["ignore", log, log] });
    } finally {
      closeSync(log);
    }
    const process = this.process;
    this.lastEnd = process.ended;
    process.ended.then(() => this.clear(process)).catch(() => {});
    await writeFile(this.processFile, JSON.stringify(identityOf(process.pid) ?? null), { mode: 0o600 });
    if (!this.running) await rm(this.processFile, { force: true }); // it ended meanwhile
  }

  private async clear(process: GuardedProcess): Promise<void> {
    if (this.process !== process) return;
    this.process = undefined;
    await rm(this.processFile, { force: true });
  }

  private get processFile(): string {
    return `${this.options.logFile}.process`;
  }

  private async quoteLog(): Promise<string> {
    const lines = lastLines(await endOf(this.options.logFile), QUOTED_LINES);
    return lines
      ? `Its log (${this.options.logFile}) ends: ${lines}`
      : `Its log (${this.options.logFile}) is empty.`;
  }
}

function describe({ code, signal }: Ending): string {
  return signal ? `by ${signal}` : `with exit code ${code}`;
}

/** The last 8 KiB of a file. */
async function endOf(file: string): Promise<string> {
  try {
    const handle = await open(file, "r");
    try {
      const { size } = await handle.stat();
      const length = Math.min(size, 8192);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
}
