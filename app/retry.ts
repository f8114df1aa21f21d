import { Unavailable } from "./errors";
import type { OnEvent } from "./lifecycle-event";

/** Milliseconds that one call of the application may take in all, retries included. */
export const callDeadlineMs = 5_000;

/** What a failed attempt means: try again, and what to tell when time is up; undefined throws it as it is. */
export type Verdict = { reason: string; pauseMs?: number } | undefined;

export interface RetryOptions {
  /** What is tried, for events: `POST transit/decrypt/customer-key`. */
  what: string;
  deadlineMs?: number;
  judge: (error: unknown) => Verdict;
  onEvent: OnEvent;
}

const firstPauseMs = 50;
const longestPauseMs = 2_000;

/**
 * Tries until it succeeds or time is up; pauses double, with jitter, so that many callers do not come back at once.
 * The attempt is told how many milliseconds are left to it.
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
