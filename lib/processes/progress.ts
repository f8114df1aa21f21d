import type { Writable } from "node:stream";
import { messageOf } from "./user-error";

/** Reports the progress of a long step, as in "45 %". The step's line shows it. */
export type Report = (detail: string) => void;

export interface ProgressOptions {
  readonly stream?: Writable & { readonly isTTY?: boolean };
  /** Milliseconds between two heartbeat lines of a step when no terminal shows it. Default: 15 000. */
  readonly heartbeatMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

interface Step {
  readonly what: string;
  readonly start: number;
  detail: string;
}

const CLEAR_LINE = "\r\x1b[2K";

/** Writes one line per step, "what … done in 1.2 s". A terminal also shows the step while it runs. */
export class Progress {
  private readonly stream: Writable & { readonly isTTY?: boolean };
  private readonly heartbeatMs: number;
  private readonly terminal: boolean;
  private readonly colours: boolean;
  private readonly running = new Set<Step>();
  readonly #told = new WeakSet<object>();

  constructor({ stream = process.stderr, heartbeatMs = 15_000, env = process.env }: ProgressOptions = {}) {
    this.stream = stream;
    this.heartbeatMs = heartbeatMs;
    this.terminal = stream.isTTY === true && env.TERM !== "dumb";
    // NO_COLOR: https://no-color.org
    this.colours = this.terminal && !env.NO_COLOR;
  }

  /** Writes a single line, for something that takes no time. */
  line(text: string): void {
    this.stream.write(`${this.terminal ? CLEAR_LINE : ""}${text}\n`);
    this.draw();
  }

  /**
   * Runs `work` as one step.
   *
   * @returns what `work` returns
   * @throws what `work` throws, after a line that reports the failure
   */
  async step<T>(what: string, work: (report: Report) => Promise<T>): Promise<T> {
    const step: Step = { what, start: performance.now(), detail: "" };
    this.running.add(step);
    this.draw();
    const heartbeat = setInterval(() => this.beat(step), this.terminal ? 1000 : this.heartbeatMs);
    heartbeat.unref();
    try {
      const result = await work((detail) => this.report(step, detail));
      this.end(step, this.colour("32", "done"), `in ${seconds(step)}`);
      return result;
    } catch (error) {
      const reason = this.reasonOf(error);
      this.end(step, this.colour("31", "failed"), `after ${seconds(step)}${reason && `: ${reason}`}`);
      throw error;
    } finally {
      clearInterval(heartbeat);
    }
  }

  /** Runs a step that is known to be long. Its line also appears at the start. */
  longStep<T>(what: string, work: (report: Report) => Promise<T>): Promise<T> {
    if (!this.terminal) this.line(`${what} …`);
    return this.step(what, work);
  }

  /** Returns the reason for a failed step's line. Empty if a step inside has already reported the error. */
  protected reasonOf(error: unknown): string {
    if (this.told(error)) return "";
    if (typeof error === "object" && error !== null) this.#told.add(error);
    return messageOf(error);
  }

  /** Returns true if a step has already reported this error, so that nobody reports it again. */
  told(error: unknown): boolean {
    return typeof error === "object" && error !== null && this.#told.has(error);
  }

  private report(step: Step, detail: string): void {
    step.detail = detail;
    this.draw();
  }

  private beat(step: Step): void {
    if (this.terminal) this.draw();
    else this.line(`${step.what} … ${seconds(step)} so far${step.detail && `: ${step.detail}`}`);
  }

  private end(step: Step, outcome: string, rest: string): void {
    this.running.delete(step);
    this.line(`${step.what} … ${outcome} ${rest}`);
  }

  /** Draws the most recently started running step on the terminal's last line. */
  private draw(): void {
    const step = [...this.running].pop();
    if (!this.terminal || !step) return;
    const width = (this.stream as { columns?: number }).columns ?? 80;
    const text = `${step.what} … ${seconds(step)}${step.detail && ` ${step.detail}`}`;
    this.stream.write(`${CLEAR_LINE}${text.slice(0, width - 1)}`);
  }

  private colour(code: string, text: string): string {
    return this.colours ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

function seconds({ start }: Step): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
