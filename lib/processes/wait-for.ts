import { setTimeout as delay } from "node:timers/promises";
import { messageOf, UserError } from "./user-error";

export interface WaitOptions {
  /** Milliseconds until waiting fails. */
  readonly deadlineMs: number;
  /** Milliseconds between two looks; 50 unless told. */
  readonly intervalMs?: number;
  /** Rejects when waiting has become pointless, for example because the program ended; its error is then the wait's. */
  readonly abort?: Promise<never>;
}

/** A wait that ran out of time. */
export class DeadlineError extends UserError {
  override readonly name = "DeadlineError";
}

/**
 * Polls until `condition` gives something truthy, and gives that. A condition that throws is not yet true; its last reason
 * is part of the error. Nothing else in the sandbox lets time pass.
 *
 * @param what what is waited for, as in "Vault to answer"
 * @throws DeadlineError naming what was waited for, how long, and the last reason
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
    // The condition itself may hang: the deadline does not wait for it.
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
  return `Waited ${deadlineMs / 1000} s in vain for ${what}${reason}.`;
}
