import { constants } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../../lib/processes/user-error";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Handles Ctrl-C, SIGTERM and SIGHUP: the script starts no further step, and ends when the current step is safe. */
export class Interruption {
  readonly #controller = new AbortController();
  /** Rejects at the first signal, for work that can stop at once. */
  readonly promise: Promise<never>;
  /** The work that the script must wait for, as in "Terraform to finish with network". Empty if it need not wait. */
  waitingFor = "";
  #received: NodeJS.Signals | undefined;

  constructor(private readonly say: (line: string) => void) {
    this.promise = new Promise((_, reject) => {
      this.signal.addEventListener("abort", () => reject(new UserError("Interrupted.")));
    });
    this.promise.catch(() => {});
    for (const signal of signals) process.on(signal, () => this.receive(signal));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 plus the signal's number, as in shells. Undefined without a signal. */
  get exitCode(): number | undefined {
    return this.#received && 128 + constants.signals[this.#received];
  }

  /** @throws {UserError} after a signal. */
  check(): void {
    if (this.signal.aborted) throw new UserError("Interrupted.");
  }

  /**
   * Waits for a signal on its way, for 0.1 s. Ctrl-C reaches the programs that a script runs, too. A program's end can be seen
   * before the script's own signal, and is then no failure. Its exit code does not tell: az ends with 1.
   */
  async arrive(): Promise<void> {
    await pause(100, undefined, { signal: this.signal }).catch(() => {});
  }

  /** Stops other running work after a failure. */
  stopTheRest(): void {
    this.#controller.abort();
  }

  private receive(signal: NodeJS.Signals): void {
    const wait = this.waitingFor && `waiting for ${this.waitingFor}`;
    if (this.#received === undefined) {
      this.say(`Interrupted${wait && `, ${wait}`}. Run the same command again to continue.`);
    } else if (wait) {
      this.say(`Still ${wait}. If you killed it now, it would leave resources that are in no state.`);
    }
    this.#received ??= signal;
    this.#controller.abort();
  }
}
