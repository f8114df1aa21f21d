import { type AzureRequest, Refusal } from "./service";

export interface Fault {
  when: (request: AzureRequest) => boolean;
  answer: FaultAnswer;
  /** How many requests it hits before it is over. Default: all, until removed. */
  times?: number;
}

export type FaultAnswer =
  /** Refused with this status instead of an answer. */
  | { status: number; retryAfter?: number; code?: string }
  /** Answered as usual, this many milliseconds later. */
  | { delayMs: number }
  /** Answered as usual, once the promise is settled. */
  | { until: Promise<unknown> }
  /** The connection is cut without an answer. */
  | { drop: true };

export interface InjectedFault {
  /** How many requests it has hit. */
  readonly hits: number;
  remove(): void;
}

/** Azure having a bad day, on demand. */
export class Faults {
  #faults: { fault: Fault; hits: number }[] = [];

  add(fault: Fault): InjectedFault {
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

  /** What is to happen to this request; the oldest fault that fits counts it. */
  next(request: AzureRequest): FaultAnswer | undefined {
    const entry = this.#faults.find(
      ({ fault, hits }) => hits < (fault.times ?? Infinity) && fault.when(request),
    );
    if (!entry) return undefined;
    entry.hits += 1;
    return entry.fault.answer;
  }
}

/** Waits as the fault says, or until the stand-in stops. The timer keeps no process alive. */
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

/** For a fault that is a refusal. */
export function refusalOf(fault: FaultAnswer): Refusal | undefined {
  if (!("status" in fault)) return undefined;
  const { status, retryAfter, code = status === 429 ? "Throttled" : "InternalServerError" } = fault;
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
  return new Refusal(status, code, "A fault of the sandbox, on purpose.", { headers });
}
