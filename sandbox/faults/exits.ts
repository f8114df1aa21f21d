import type { Sandbox } from "../system/sandbox";

/** Milliseconds between two checks of the applications. */
const lookMs = 100;

/**
 * Watches the applications' processes and records each unexpected exit. Code that ends a process on purpose calls `order` first, and
 * `settle` when the process runs again.
 */
export class Exits {
  /** A sentence for each process that exited unexpectedly. */
  readonly unordered: string[] = [];
  readonly #known = new Map<string, number | undefined>();
  readonly #ordered = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly sandbox: Sandbox) {
    for (const [name, pid] of this.#now()) this.#known.set(name, pid);
    this.#timer = setInterval(() => this.#look(), lookMs);
  }

  /** Announces that the next step ends the application on purpose. */
  order(name: string): void {
    this.#ordered.add(name);
  }

  /** Ends the announcements. From now on, every exit counts again. */
  settle(): void {
    for (const name of this.#ordered) this.#known.set(name, this.#now().get(name));
    this.#ordered.clear();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const [name, pid] of this.#now()) {
      const before = this.#known.get(name);
      if (pid === before || this.#ordered.has(name)) continue;
      if (before !== undefined) this.unordered.push(`${name} (process ${before}) exited unexpectedly`);
      this.#known.set(name, pid);
    }
  }

  #now(): ReadonlyMap<string, number | undefined> {
    const { webApps, agents } = this.sandbox;
    return new Map([
      ...[...webApps.values()].map((app) => [app.name, app.pid] as const),
      ...[...agents.values()].map((machine) => [machine.name, machine.pid("app.service")] as const),
    ]);
  }
}
