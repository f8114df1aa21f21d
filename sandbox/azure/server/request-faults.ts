import { Refusal } from "./refusal";
import type { AzureRequest } from "./service";

export interface RequestFault {
  when: (request: AzureRequest) => boolean;
  answer: FaultAnswer;
  /** The number of requests that the fault affects. Default: all, until its removal. */
  times?: number;
}

export type FaultAnswer =
  /** Refuses with this status. */
  | { status: number; retryAfter?: number; code?: string }
  /** Answers as usual, this many milliseconds later. */
  | { delayMs: number }
  /** Answers as usual, after the promise settles. */
  | { until: Promise<unknown> }
  /** Cuts the connection without an answer. */
  | { drop: true };

export interface InjectedFault {
  /** The number of affected requests. */
  readonly hits: number;
  remove(): void;
}

/** Azure's failures on demand. */
export class RequestFaults {
  #faults: { fault: RequestFault; hits: number }[] = [];

  add(fault: RequestFault): InjectedFault {
    const entry = { fault, hits: 0 };
    this.#faults.push(entry);
    return {
      get hits() {
        return entry.hits;
      },
      remove: () => {
        this.#faults = this.#faults.filter((other) => other !== entry);
      },
    };
  }

  clear(): void {
    this.#faults = [];
  }

  /** Returns the fault for this request. The oldest matching fault counts it. */
  next(request: AzureRequest): FaultAnswer | undefined {
    const entry = this.#faults.find(
      ({ fault, hits }) => hits < (fault.times ?? Infinity) && fault.when(request),
    );
    if (!entry) return undefined;
    entry.hits += 1;
    return entry.fault.answer;
  }
}

/** Waits as long as the fault requires, or until the stand-in stops. The timer does not keep the process alive. */
export function wait(fault: FaultAnswer, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stopped.removeEventListener("abort", done);
      resolve();
    };
    stopped.addEventListener("abort", done);
    if (stopped.aborted) done();
    else if ("delayMs" in fault) setTimeout(done, fault.delayMs).unref();
    else if ("until" in fault) fault.until.then(done, done);
    else done();
  });
}

/** Returns the refusal of a fault with a status. */
export function refusalOf(fault: FaultAnswer): Refusal | undefined {
  if (!("status" in fault)) return undefined;
  const { status, retryAfter, code = status === 429 ? "Throttled" : "InternalServerError" } = fault;
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
  return new Refusal(status, code, "The sandbox injected this fault on purpose.", { headers });
}
