import { Unavailable } from "./errors";
import type { OnEvent } from "./lifecycle-event";

/** Longest time of one call with all its retries, milliseconds. */
export const callDeadlineMs = 5_000;

/** Says to try again, and the reason to report when time is up. Undefined means to throw the error. */
export type Verdict = { reason: string; pauseMs?: number } | undefined;

export interface RetryOptions {
  /** Names the call in events: `POST transit/decrypt/customer-key`. */
  what: string;
  deadlineMs?: number;
  judge: (error: unknown) => Verdict;
  onEvent: OnEvent;
}

const firstPauseMs = 50;
const longestPauseMs = 2_000;

/**
 * Tries until it succeeds or time is up. Pauses double, with jitter, so that many callers do not return at once.
 * Each attempt gets the milliseconds that are left.
 * @throws {Unavailable} when time is up, with the last reason
 */
export async function withRetries<T>(
  attempt: (leftMs: number, number: number) => Promise<T>,
  { what, deadlineMs = callDeadlineMs, judge, onEvent }: RetryOptions,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (let number = 1; ; number++) {
    try {
      return await attempt(deadline - Date.now(), number);
    } catch (error) {
      const verdict = judge(error);
      if (!verdict) throw error;
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** (number - 1));
      const pause = Math.max(verdict.pauseMs ?? 0, longest * (0.5 + Math.random() / 2));
      if (Date.now() + pause >= deadline) throw new Unavailable(verdict.reason, 5, { cause: error });
      onEvent({ event: "retry", what, reason: verdict.reason, attempt: number });
      await sleep(pause);
    }
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
