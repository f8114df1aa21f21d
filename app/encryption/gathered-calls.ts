import { callDeadlineMs } from "../retry";

/** Requests under way at once. Later callers wait for the next one, and share it. */
const requestsAtOnce = 4;
/** Items of one request, unless a single caller has more. With more, the answer would be late for all its callers. */
const itemsInRequest = 400;

/** Sends a list of items, and returns a result for each of them in order. */
export type Send<Item, Result> = (items: readonly Item[], deadlineMs: number) => Promise<readonly Result[]>;

interface Caller<Item, Result> {
  items: readonly Item[];
  /** In milliseconds since the epoch. */
  deadline: number;
  resolve: (results: Result[]) => void;
  reject: (error: unknown) => void;
}

/**
 * Sends the lists of simultaneous callers together, because under load each request costs Vault as much as many items. A
 * single caller does not wait. A caller's time begins with its call, also while it waits.
 */
export class GatheredCalls<Item, Result> {
  #waiting: Caller<Item, Result>[] = [];
  #underWay = 0;

  constructor(private readonly send: Send<Item, Result>) {}

  call(items: readonly Item[]): Promise<Result[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, deadline: Date.now() + callDeadlineMs, resolve, reject });
      this.#sendNext();
    });
  }

  #sendNext(): void {
    if (this.#underWay === requestsAtOnce || this.#waiting.length === 0) return;
    const callers = this.#nextCallers();
    const items = callers.flatMap((caller) => caller.items);
    this.#underWay += 1;
    this.send(items, Math.max(1, (callers[0] as Caller<Item, Result>).deadline - Date.now()))
      .then((results) => {
        // Otherwise a caller would get the results of another one.
        if (results.length !== items.length)
          throw new Error(`${items.length} items have ${results.length} results.`);
        let start = 0;
        for (const { items: own, resolve } of callers) {
          resolve(results.slice(start, start + own.length));
          start += own.length;
        }
      })
      .catch((error: unknown) => {
        for (const { reject } of callers) reject(error);
      })
      .finally(() => {
        this.#underWay -= 1;
        this.#sendNext();
      });
  }

  /** Takes callers from the front of the queue: the first one, and the next ones whose items fit into the same request. */
  #nextCallers(): Caller<Item, Result>[] {
    let room = itemsInRequest;
    const fit = this.#waiting.findIndex(({ items }, index) => {
      room -= items.length;
      return index > 0 && room < 0;
    });
    return this.#waiting.splice(0, fit < 0 ? this.#waiting.length : fit);
  }
}
