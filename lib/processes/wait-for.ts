import { setTimeout as delay } from "node:timers/promises";
import { messageOf, UserError } from "./user-error";

export interface WaitOptions {
  /** Milliseconds until waiting fails. */
  readonly deadlineMs: number;
  /** Milliseconds between two checks. Default: 50. */
  readonly intervalMs?: number;
  /**
   * Rejects when waiting becomes pointless, for example because the program ended. The wait then fails with its
   * error.
   */
  readonly abort?: Promise<never>;
}

/** The condition did not hold before the deadline. */
export class DeadlineError extends UserError {
  override readonly name = "DeadlineError";
}

/**
 * Polls until `condition` returns a truthy value, and returns that value. A condition that throws counts as false;
 * the error quotes its last reason. Nothing else in the sandbox waits for time to pass.
 *
 * @param what the awaited event, as in "Vault to answer"
 * @throws DeadlineError naming the event, the duration and the last reason
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  { deadlineMs, intervalMs = 50, abort }: WaitOptions,
): Promise<NonNullable<T>> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), deadlineMs);
  let reason = "";
  try {
    const poll = async (): Promise<NonNullable<T>> => {
      while (!over.signal.aborted) {
        try {
          const result = await condition();
          if (result) return result;
          reason = "";
        } catch (error) {
          reason = `; last: ${messageOf(error)}`;
        }
        await delay(intervalMs, undefined, { signal: over.signal }).catch(() => {});
      }
      throw new DeadlineError(late(what, deadlineMs, reason));
    };
    // The condition itself may hang, so the deadline does not wait for it.
    const deadline = new Promise<never>((_, reject) => {
      over.signal.addEventListener("abort", () => reject(new DeadlineError(late(what, deadlineMs, reason))));
    });
    return await Promise.race(abort ? [poll(), deadline, abort] : [poll(), deadline]);
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

function late(what: string, deadlineMs: number, reason: string): string {
  return `Timed out after ${deadlineMs / 1000} s waiting for ${what}${reason}.`;
}
