import { constants } from "node:os";
import { UserError } from "../../lib/processes/user-error";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What Ctrl-C, SIGTERM and SIGHUP do to a script: it goes no further, and ends when what it began is safe. */
export class Interruption {
  readonly #controller = new AbortController();
  /** Rejects at the first signal: for what may be left at once. */
  readonly promise: Promise<never>;
  /** What must be waited for, as in "Terraform to finish with network"; empty when nothing must. */
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

  /** 128 and the signal's number, as shells do; undefined where there was none. */
  get exitCode(): number | undefined {
    return this.#received && 128 + constants.signals[this.#received];
  }

  /** @throws {UserError} after a signal. */
  check(): void {
    if (this.signal.aborted) throw new UserError("Interrupted.");
  }

  /** Stops what still runs beside something that failed. */
  stopTheRest(): void {
    this.#controller.abort();
  }

  private receive(signal: NodeJS.Signals): void {
    const wait = this.waitingFor && `waiting for ${this.waitingFor}`;
    if (this.#received === undefined) {
      this.say(`Interrupted${wait && `, ${wait}`}; run the same command again to go on.`);
    } else if (wait) {
      this.say(`Still ${wait}: killed now, it would leave resources that no state knows of.`);
    }
    this.#received ??= signal;
    this.#controller.abort();
  }
}
