import type { Part, PartState } from "./parts";

export interface WatchOptions {
  parts: readonly Pick<Part, "name" | "state" | "isAudited" | "pid">[];
  /** Receives a line for each part that fails or works again. */
  say: (line: string) => void;
  intervalMs?: number;
}

/** Some checks write to Vault's audit logs. While all parts work, only every 30th round makes these checks. */
const looksForAnAuditedOne = 30;

/** Checks every part from time to time, and reports changes. */
export class Watch {
  #looks = 0;
  readonly #known = new Map<string, PartState>();
  #timer?: NodeJS.Timeout;
  #stopped = false;

  private constructor(private readonly options: WatchOptions) {}

  static start(options: WatchOptions): Watch {
    const watch = new Watch(options);
    void watch.#look();
    return watch;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const all =
      this.#looks++ % looksForAnAuditedOne === 0 || [...this.#known.values()].some(({ works }) => !works);
    const parts = this.options.parts.filter(
      ({ name, isAudited, pid }) => all || !isAudited || pid() !== this.#known.get(name)?.pid,
    );
    await Promise.all(parts.map((part) => this.#lookAt(part)));
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#look(), this.options.intervalMs ?? 1_000).unref();
  }

  async #lookAt({ name, state }: WatchOptions["parts"][number]): Promise<void> {
    const before = this.#known.get(name);
    const now = await state();
    this.#known.set(name, now);
    if (this.#stopped || !before) return;
    // A program that ends may run again before the next check.
    const restarted = before.works && now.works && before.pid !== now.pid;
    if (!restarted && before.works === now.works && before.text === now.text) return;
    const again = restarted ? "was restarted, and works again: " : now.works ? "works again: " : "";
    this.options.say(`${new Date().toTimeString().slice(0, 8)}  ${name}  ${again}${now.text}`);
  }
}
