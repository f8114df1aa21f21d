import type { Sandbox } from "../system/sandbox";

/** How often the applications are looked at, milliseconds. */
const lookMs = 100;

/**
 * Watches the applications' processes: each that ends without an order is noted. Whoever ends one says so before, and looks again
 * when it is back.
 */
export class Exits {
  /** What ended by itself, in words. */
  readonly unordered: string[] = [];
  readonly #known = new Map<string, number | undefined>();
  readonly #ordered = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly sandbox: Sandbox) {
    for (const [name, pid] of this.#now()) this.#known.set(name, pid);
    this.#timer = setInterval(() => this.#look(), lookMs);
  }

  /** What follows ends the application on purpose. */
  order(name: string): void {
    this.#ordered.add(name);
  }

  /** The orders are carried out: from here on every exit counts again. */
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
      if (before !== undefined) this.unordered.push(`${name} (process ${before}) ended without an order`);
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
