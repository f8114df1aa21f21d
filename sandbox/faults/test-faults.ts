import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { numbersOf } from "../../lib/seeded-numbers";
import { type FaultScene, faultsOf } from "./faults";
import { services } from "./services";
import { Writers } from "./writers";

export interface FaultTestOptions {
  readonly minutes: number;
  /** Determines the faults, their order, how long each lasts, and which two coincide. */
  readonly seed: number;
  readonly progress: Progress;
}

/** Every service must answer again within this number of milliseconds after a fault. */
const deadlineMs = 120_000;

/** The longest duration of a fault in milliseconds. */
const longestMs = 20_000;

/** The share of faults that come with a second one. */
const pairs = 0.25;

/**
 * Injects random faults, one after the other, some of them in pairs. After each, every service must answer again, and no application
 * may have exited unexpectedly. At the end, every acknowledged customer must exist.
 * @throws UserError that names the fault and what did not recover
 */
export async function testFaults(
  scene: FaultScene,
  { minutes, seed, progress }: FaultTestOptions,
): Promise<void> {
  const { sandbox, exits } = scene;
  const random = numbersOf(seed);
  const faults = faultsOf(scene);
  // The first number of a seed is hardly random.
  random();
  const draw = () => {
    const fault = faults[Math.floor(random() * faults.length)];
    if (!fault) throw new Error("the list of faults is empty");
    return { ...fault, lastsMs: Math.round(1_000 + random() * (longestMs - 1_000)) };
  };
  await allAnswer(scene);
  const writers = new Writers(sandbox);
  const end = performance.now() + minutes * 60_000;
  let count = 0;
  let slowest = 0;
  try {
    while (performance.now() < end) {
      const together = random() < pairs ? [draw(), draw()] : [draw()];
      count += together.length;
      const what = together
        .map(({ name, lastsMs }) => `${name} (${(lastsMs / 1000).toFixed(1)} s)`)
        .join("; and at the same time ");
      await progress.step(`${count}: ${what}`, async () => {
        // If one fault kills a program that the other needs, the other fault does not happen. This is not a failure.
        const struck = await Promise.allSettled(together.map(({ strike, lastsMs }) => strike(lastsMs)));
        for (const { reason } of struck.filter((it) => it.status === "rejected"))
          progress.line(`   did not happen: ${messageOf(reason)}`);
        const ended = performance.now();
        await allAnswer(scene);
        slowest = Math.max(slowest, performance.now() - ended);
      });
      exits.settle();
      if (exits.unordered.length > 0) throw new UserError(`${exits.unordered.join("; ")}.`);
    }
  } finally {
    exits.stop();
    await writers.stop();
    progress.line(writers.report);
  }
  const lost = await writers.lost();
  if (lost.length > 0)
    throw new UserError(`These customers were acknowledged but are lost: ${lost.join(", ")}.`);
  progress.line(
    `${count} faults in ${minutes} minutes. After each, every service answered, the slowest after ${(slowest / 1000).toFixed(1)} s.`,
  );
}

/** Waits until every service answers. */
async function allAnswer({ sandbox }: FaultScene): Promise<void> {
  const waits = services(sandbox).map(({ name, answers }) =>
    waitFor(`${name} to answer`, () => answers().then(() => true), { deadlineMs, intervalMs: 500 }),
  );
  const late = (await Promise.allSettled(waits)).filter((it) => it.status === "rejected");
  if (late.length > 0) throw new UserError(late.map(({ reason }) => messageOf(reason)).join(" "));
}
