import { Unavailable } from "../errors";

/** A new token or lease, and how long it lives. */
export interface Obtained<T> {
  value: T;
  seconds: number;
  renewable: boolean;
}

export interface KeptOptions<T> {
  /** Names the missing thing in errors: `a token of Vault`. */
  what: string;
  obtain: () => Promise<Obtained<T>>;
  /** Undefined if it is not renewable. */
  renew?: (value: T) => Promise<{ seconds: number; renewable: boolean }>;
  onObtained?: (obtained: Obtained<T>) => void;
  onRenewed?: (seconds: number) => void;
  onFailure?: (error: Unavailable) => void;
}

/** Renews or replaces after this part of a life. The rest is time for retries and work in progress. */
const renewAt = 2 / 3;
/** Replaces instead of renewing if a renewal gives less than this part of the first life: the maximum life is near. */
const worthRenewing = 1 / 2;
const firstPauseMs = 500;
const longestPauseMs = 10_000;
/** A value that is refused while it is younger than this stays, to avoid a storm of logins. Milliseconds. */
const youngMs = 5_000;
/** Longest wait of a caller after a failed try, milliseconds. */
const patienceWhileFailing = 300;

/**
 * Keeps a token or a lease valid: renews or replaces it before it ends. While that fails, it tries again and again, and
 * callers get the reason.
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

  /** The value, unless its life is over. */
  get current(): T | undefined {
    return Date.now() < this.#endsAt ? this.#value : undefined;
  }

  get secondsLeft(): number | undefined {
    return this.current === undefined ? undefined : Math.round((this.#endsAt - Date.now()) / 1000);
  }

  /** The reason if the value is missing or will end soon. */
  get failure(): Unavailable | undefined {
    return this.#failure;
  }

  /** @throws {Unavailable} if no value arrives before the timeout */
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

  /** Replaces a refused value now. Returns false if the value is so new that this would not help. */
  refused(value: T): boolean {
    if (value !== this.#value) return true;
    if (Date.now() - this.#obtainedAt < youngMs) return false;
    if (this.current !== undefined) this.#lose();
    this.replaceNow();
    return true;
  }

  /** Replaces the value before its life is over, because the token that it depends on was replaced. */
  replaceNow(): void {
    clearTimeout(this.#timer);
    void this.#work(() => this.#replace());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#wake();
  }

  /** Forgets earlier failures, because they say nothing about the try that follows. */
  #lose(): void {
    this.#endsAt = 0;
    this.#failure = undefined;
    this.#failures = 0;
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
    // Its life began when Vault made it, perhaps directly after the request.
    this.#endsAt = asked + obtained.seconds * 1000;
    this.#firstSeconds = obtained.seconds;
    this.#renewable = obtained.renewable;
    this.#schedule(obtained.seconds);
    this.options.onObtained?.(obtained);
  }

  /** Runs one step at a time. Never rejects: it keeps and reports a failure and tries again, so nobody must await the result. */
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

  /** Adds jitter, so that many instances do not renew at the same time. */
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
