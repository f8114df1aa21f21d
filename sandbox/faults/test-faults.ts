import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { numbersOf } from "../rehearsal/numbers";
import { faultsOf, type Scene } from "./faults";
import { services } from "./services";
import { Writers } from "./writers";

export interface FaultTestOptions {
  readonly minutes: number;
  /** Draws the faults, their order, how long each lasts, and which two meet. */
  readonly seed: number;
  readonly progress: Progress;
}

/** Milliseconds in which every service answers again after a fault has ended. */
const deadlineMs = 120_000;

/** Milliseconds that a fault lasts at most. */
const longestMs = 20_000;

/** How often a second fault comes with the first. */
const pairs = 0.25;

/**
 * Random faults, one after the other, some of them in pairs. After each, every service answers again, and no application has ended
 * without an order; in the end, everything that was acknowledged is there.
 * @throws UserError that names the fault and what did not come back
 */
export async function testFaults(scene: Scene, { minutes, seed, progress }: FaultTestOptions): Promise<void> {
  const { sandbox, exits } = scene;
  const random = numbersOf(seed);
  const faults = faultsOf(scene);
  // Of a seed's first numbers little is random.
  random();
  const draw = () => {
    const fault = faults[Math.floor(random() * faults.length)];
    if (!fault) throw new Error("there are no faults");
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
        // What is killed cannot be asked by the other: that fault did not happen, and is no failure.
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
  if (lost.length > 0) throw new UserError(`Customers were acknowledged and are lost: ${lost.join(", ")}.`);
  progress.line(
    `${count} faults in ${minutes} minutes; after each, every service answered, the slowest after ${(slowest / 1000).toFixed(1)} s.`,
  );
}

/** Waits until every service answers. */
async function allAnswer({ sandbox }: Scene): Promise<void> {
  const waits = services(sandbox).map(({ name, answers }) =>
    waitFor(`${name} to answer`, () => answers().then(() => true), { deadlineMs, intervalMs: 500 }),
  );
  const late = (await Promise.allSettled(waits)).filter((it) => it.status === "rejected");
  if (late.length > 0) throw new UserError(late.map(({ reason }) => messageOf(reason)).join(" "));
}
