import { Unavailable } from "../errors";

/** Something of limited life, as it was obtained. */
export interface Obtained<T> {
  value: T;
  seconds: number;
  renewable: boolean;
}

export interface KeptOptions<T> {
  /** For the reason while there is none: `a token of Vault`. */
  what: string;
  obtain: () => Promise<Obtained<T>>;
  /** Undefined where it cannot be renewed. */
  renew?: (value: T) => Promise<{ seconds: number; renewable: boolean }>;
  onObtained?: (obtained: Obtained<T>) => void;
  onRenewed?: (seconds: number) => void;
  onFailure?: (error: Unavailable) => void;
}

/** Of a life, when it is to be renewed or replaced; the rest is for retries and for work in progress. */
const renewAt = 2 / 3;
/** A renewal that leaves less than this part of the first life is near its end for good: it is replaced instead. */
const worthRenewing = 1 / 2;
const firstPauseMs = 500;
const longestPauseMs = 10_000;
/** What was refused sooner than this after it was obtained would be refused again: no storm of log-ins. */
const youngMs = 5_000;
/** How long a caller waits where the last try failed already, milliseconds. */
const patienceWhileFailing = 300;

/**
 * A token or a lease that is always there: renewed, or else replaced, before it ends. While that fails, it is tried again and
 * again, and whoever asks is told why.
 */
export class Kept<T> {
  #value?: T;
  #obtainedAt = 0;
  #endsAt = 0;
  #firstSeconds = 0;
  #renewable = false;
  #failure?: Unavailable;
  #failures = 0;
  #timer?: NodeJS.Timeout;
  #working?: Promise<void>;
  #waiters = new Set<() => void>();
  #stopped = false;

  constructor(private readonly options: KeptOptions<T>) {}

  start(): void {
    void this.#work(() => this.#replace());
  }

  /** The value now, if its life is not over. */
  get current(): T | undefined {
    return Date.now() < this.#endsAt ? this.#value : undefined;
  }

  get secondsLeft(): number | undefined {
    return this.current === undefined ? undefined : Math.round((this.#endsAt - Date.now()) / 1000);
  }

  /** Why there is none, or why it will end soon. */
  get failure(): Unavailable | undefined {
    return this.#failure;
  }

  /** @throws {Unavailable} when there is none in time */
  async get(timeoutMs: number): Promise<T> {
    const until = Date.now() + (this.#failures > 1 ? Math.min(timeoutMs, patienceWhileFailing) : timeoutMs);
    for (;;) {
      const value = this.current;
      if (value !== undefined) return value;
      const left = until - Date.now();
      if (left <= 0 || this.#stopped) {
        throw this.#failure ?? new Unavailable(`The application waits for ${this.options.what}.`, 5);
      }
      await this.#nextChange(left);
    }
  }

  /** Somebody refused this value: it is replaced now. False when that would not help, because it is new. */
  refused(value: T): boolean {
    if (value !== this.#value) return true;
    if (Date.now() - this.#obtainedAt < youngMs) return false;
    this.#endsAt = 0;
    this.replaceNow();
    return true;
  }

  /** Replaced although its life is not over, because what it hangs on was. */
  replaceNow(): void {
    clearTimeout(this.#timer);
    void this.#work(() => this.#replace());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#wake();
  }

  async #renewOrReplace(): Promise<void> {
    const { renew, onRenewed } = this.options;
    const value = this.current;
    if (value === undefined || !renew || !this.#renewable) return this.#replace();
    const { seconds, renewable } = await renew(value).catch(() => ({ seconds: 0, renewable: false }));
    if (seconds < this.#firstSeconds * worthRenewing) return this.#replace();
    this.#endsAt = Date.now() + seconds * 1000;
    this.#renewable = renewable;
    onRenewed?.(seconds);
    this.#schedule(seconds);
  }

  async #replace(): Promise<void> {
    const asked = Date.now();
    const obtained = await this.options.obtain();
    if (this.#stopped) return;
    this.#value = obtained.value;
    this.#obtainedAt = Date.now();
    // Its life began when Vault made it, which may have been right after it was asked.
    this.#endsAt = asked + obtained.seconds * 1000;
    this.#firstSeconds = obtained.seconds;
    this.#renewable = obtained.renewable;
    this.#schedule(obtained.seconds);
    this.options.onObtained?.(obtained);
  }

  /** One at a time. Never rejects: a failure is kept, reported and tried again, so that nobody has to wait for the result. */
  #work(step: () => Promise<void>): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#working ??= this.#attempt(step).finally(() => {
      this.#working = undefined;
      this.#wake();
    });
    return this.#working;
  }

  async #attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step();
      this.#failure = undefined;
      this.#failures = 0;
    } catch (error) {
      this.#failure = error instanceof Unavailable ? error : new Unavailable(String(error), 10);
      this.#failures += 1;
      this.options.onFailure?.(this.#failure);
      const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures - 1, 10));
      this.#after(pause * (0.75 + Math.random() / 4));
    }
  }

  /** Somewhat earlier for each of many instances at a different time. */
  #schedule(seconds: number): void {
    this.#after(seconds * 1000 * renewAt * (0.9 + Math.random() / 10));
  }

  #after(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    // setTimeout counts 31 bits of milliseconds; a life of 768 h is longer.
    this.#timer = setTimeout(() => void this.#work(() => this.#renewOrReplace()), Math.min(ms, 2 ** 31 - 1));
  }

  #nextChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(done);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}
