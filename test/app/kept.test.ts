import { Unavailable } from "../../app/errors";
import { withRetries } from "../../app/retry";
import { Kept, type Obtained } from "../../app/vault/kept";

const second = 1_000;

describe("A kept value", () => {
  let made: number;
  let problem: Unavailable | undefined;
  /** If true, the next try does not end. */
  let hangs: boolean;
  let kept: Kept<string>;

  const start = (
    life: Omit<Obtained<string>, "value">,
    renew?: () => Promise<{ seconds: number; renewable: boolean }>,
  ) => {
    kept = new Kept({
      what: "a thing",
      obtain: async () => {
        if (hangs) await new Promise(() => {});
        if (problem) throw problem;
        made += 1;
        return { value: `value ${made}`, ...life };
      },
      renew,
    });
    kept.start();
    return jest.advanceTimersByTimeAsync(0);
  };

  beforeEach(() => {
    jest.useFakeTimers();
    made = 0;
    problem = undefined;
    hangs = false;
  });
  afterEach(() => {
    kept?.stop();
    jest.useRealTimers();
  });

  it("is replaced between 60 and 67 % of its life if it is not renewable", async () => {
    await start({ seconds: 100, renewable: false });
    await jest.advanceTimersByTimeAsync(59 * second);
    expect(kept.current).toBe("value 1");
    await jest.advanceTimersByTimeAsync(8 * second);
    expect(kept.current).toBe("value 2");
  });

  it("is renewed while that leaves half a life, and then replaced", async () => {
    const lives = [100, 80, 40];
    let renewals = 0;
    await start({ seconds: 100, renewable: true }, async () => ({
      seconds: lives[renewals++] ?? 0,
      renewable: true,
    }));
    await jest.advanceTimersByTimeAsync(150 * second);
    expect([renewals, made]).toEqual([2, 1]);
    await jest.advanceTimersByTimeAsync(60 * second);
    expect([renewals, made]).toEqual([3, 2]);
  });

  it("is replaced if the renewal is refused", async () => {
    await start({ seconds: 100, renewable: true }, () => Promise.reject(new Error("403")));
    await jest.advanceTimersByTimeAsync(67 * second);
    expect([kept.current, kept.failure]).toEqual(["value 2", undefined]);
  });

  it("never leaves an unhandled rejection, even if callers ask while a replacement fails", async () => {
    const unhandled: unknown[] = [];
    const record = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", record);
    try {
      problem = new Unavailable("Vault is sealed.", 5);
      await start({ seconds: 100, renewable: false });
      problem = undefined;
      await jest.advanceTimersByTimeAsync(second);
      problem = new Unavailable("Vault is sealed.", 5);
      kept.replaceNow();
      kept.replaceNow();
      await jest.advanceTimersByTimeAsync(10);
      jest.useRealTimers();
      // Node reports an unhandled rejection after the microtasks of the turn in which it happened.
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", record);
    }
  });

  it("stays in use while its replacement fails, then reports the reason, and comes back", async () => {
    await start({ seconds: 100, renewable: false });
    problem = new Unavailable("Vault is sealed.", 5);
    await jest.advanceTimersByTimeAsync(90 * second);
    expect(kept.current).toBe("value 1");
    await jest.advanceTimersByTimeAsync(11 * second);
    expect(kept.current).toBeUndefined();
    const refused = expect(kept.get(5 * second)).rejects.toBe(problem);
    await jest.advanceTimersByTimeAsync(second);
    await refused;
    problem = undefined;
    await jest.advanceTimersByTimeAsync(11 * second);
    expect(kept.current).toBe("value 2");
  });

  it("makes early callers wait until it exists", async () => {
    problem = new Unavailable("Vault is sealed.", 5);
    await start({ seconds: 100, renewable: false });
    const waiting = kept.get(5 * second);
    problem = undefined;
    await jest.advanceTimersByTimeAsync(second);
    expect(await waiting).toBe("value 1");
  });

  it("is replaced once if many callers report a refusal, and not at all if it is new", async () => {
    await start({ seconds: 100, renewable: false });
    expect(kept.refused("value 1")).toBe(false);
    await jest.advanceTimersByTimeAsync(6 * second);
    expect([kept.refused("value 1"), kept.refused("value 1")]).toEqual([true, true]);
    await jest.advanceTimersByTimeAsync(0);
    expect([kept.current, made]).toEqual(["value 2", 2]);
    expect(kept.refused("value 1")).toBe(true);
    await jest.advanceTimersByTimeAsync(0);
    expect(made).toBe(2);
  });

  it("gives no reason from before its refusal, while the replacement is under way", async () => {
    await start({ seconds: 100, renewable: false });
    problem = new Unavailable("Vault refuses it.", 30);
    await jest.advanceTimersByTimeAsync(80 * second);
    expect([kept.current, kept.failure]).toEqual(["value 1", problem]);
    hangs = true;
    expect(kept.refused("value 1")).toBe(true);
    expect([kept.current, kept.failure]).toEqual([undefined, undefined]);
    const refused = expect(kept.get(5 * second)).rejects.toThrow("The application waits for a thing.");
    await jest.advanceTimersByTimeAsync(5 * second);
    await refused;
  });

  it("keeps the reason of its replacement's failure if a late caller reports the refusal, too", async () => {
    await start({ seconds: 100, renewable: false });
    await jest.advanceTimersByTimeAsync(10 * second);
    problem = new Unavailable("Vault is sealed.", 5);
    kept.refused("value 1");
    await jest.advanceTimersByTimeAsync(0);
    kept.refused("value 1");
    expect(kept.failure).toBe(problem);
  });

  it("may live for 768 h, longer than a timer counts", async () => {
    await start({ seconds: 768 * 3600, renewable: false });
    await jest.advanceTimersByTimeAsync(400 * 3600 * second);
    expect(made).toBe(1);
    await jest.advanceTimersByTimeAsync(120 * 3600 * second);
    expect(kept.current).toBeDefined();
    expect(made).toBe(2);
  });
});

describe("A retried call", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const judge = (error: unknown) =>
    (error as Error).message === "for good" ? undefined : { reason: "It is away." };

  it("ends with the reason at its deadline", async () => {
    let attempts = 0;
    const call = withRetries(() => Promise.reject(new Error(`${++attempts}`)), {
      what: "x",
      deadlineMs: 5_000,
      judge,
      onEvent: () => {},
    });
    const refused = expect(call).rejects.toThrow("It is away.");
    await jest.advanceTimersByTimeAsync(5_000);
    await refused;
    expect(attempts).toBeGreaterThan(5);
    expect(attempts).toBeLessThan(15);
  });

  it("ends at once at a permanent error", async () => {
    const call = withRetries(() => Promise.reject(new Error("for good")), {
      what: "x",
      judge,
      onEvent: () => {},
    });
    await expect(call).rejects.toThrow("for good");
  });
});
