import { EventEmitter, once } from "node:events";
import type { UnitDefinition } from "./unit-definition";

/** `run` starts a unit as a timer does, does not restart it after a failure, and waits for its end. */
export type JobType = "start" | "stop" | "restart" | "reload" | "run";
export type JobResult = "done" | "failed" | "canceled" | "dependency";

export interface Job {
  readonly unit: UnitDefinition;
  type: JobType;
  waiting: boolean;
  canceled: boolean;
  readonly result: Promise<JobResult>;
  /** Ends it with "canceled". The unit itself does not change. */
  cancel(): void;
}

/** Does the work of a job. A restart stops, then waits for `turnToStart`, which returns whether it may still start. */
export type Work = (job: Job, turnToStart: () => Promise<boolean>) => Promise<JobResult>;

/**
 * The order of starts and stops as in systemd, including its deadlocks: if a program in a unit's start waits for a job of a unit that
 * is ordered after its own, it waits for ever.
 */
export class Jobs {
  readonly #queues = new Map<string, Job[]>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  constructor(private readonly log: (unit: string, line: string) => void) {}

  /** Call this after everything that may let a job begin. */
  changed(): void {
    this.#changes.emit("change");
  }

  /** Resolves when the condition is true. Checks it after each change. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#changes, "change");
  }

  /**
   * Adds a job, or returns the existing job that does the same. A stop cancels the unit's other jobs. Jobs added without a pause
   * between them are one transaction: none begins before all are known.
   */
  add(unit: UnitDefinition, type: JobType, work: Work): Job {
    const queue = this.#queues.get(unit.name) ?? [];
    this.#queues.set(unit.name, queue);
    const last = queue.at(-1);
    const same = last?.type === type && type !== "run";
    if (last && same && (last.waiting || type === "start" || type === "stop")) return last;
    if (type === "stop") for (const other of queue.splice(0)) other.cancel();
    const job = this.#make(unit, type, queue, work);
    queue.push(job);
    return job;
  }

  cancelAll(): void {
    for (const queue of this.#queues.values()) for (const job of queue.splice(0)) job.cancel();
    this.changed();
  }

  #make(unit: UnitDefinition, type: JobType, queue: Job[], work: Work): Job {
    let cancel: () => void = () => {};
    const cancellation = new Promise<JobResult>((resolve) => {
      cancel = () => {
        job.canceled = true;
        resolve("canceled");
        this.changed();
      };
    });
    const turn = async (): Promise<void> => {
      let said = "";
      await this.until(() => {
        if (job.canceled) return true;
        if (queue[0] !== job) return false;
        const other = this.#holdingBack(job);
        if (other && other !== said) this.log(unit.name, `${job.type} held back, waiting for: ${other}`);
        said = other ?? "";
        return other === undefined;
      });
    };
    const perform = async (): Promise<JobResult> => {
      await Promise.resolve(); // the rest of the transaction
      await turn();
      if (job.canceled) return "canceled";
      job.waiting = false;
      return work(job, async () => {
        job.type = "start";
        await turn();
        return !job.canceled;
      });
    };
    const job: Job = {
      unit,
      type,
      waiting: true,
      canceled: false,
      cancel: () => cancel(),
      result: Promise.resolve().then(() =>
        Promise.race([perform(), cancellation]).finally(() => {
          const place = queue.indexOf(job);
          if (place >= 0) queue.splice(place, 1);
          this.changed();
        }),
      ),
    };
    return job;
  }

  /** The unit whose job must end before this one may begin. Source: systemd, job_is_runnable and job_compare in core/job.c. */
  #holdingBack(job: Job): string | undefined {
    const stops = ({ type }: Job): boolean => type === "stop" || type === "restart";
    for (const [other] of this.#queues.values()) {
      if (!other || other === job) continue;
      if (job.unit.isAfter(other.unit) && !stops(job)) return other.unit.name;
      if (other.unit.isAfter(job.unit) && stops(other)) return other.unit.name;
    }
    return undefined;
  }
}
