import type { Progress } from "../../lib/processes/progress";
import type { Rehearsal } from "./rehearsal";

/** What an older version of the project deployed, brought to today's. */
export async function upgrade(rehearsal: Rehearsal, progress: Progress): Promise<void> {
  const step = (what: string, work: () => Promise<void>) => progress.step(what, work, { announce: true });
  await step("scripts/deploy of then", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await rehearsal.useProjectOfToday();
  // It refuses a plan that takes data away.
  await step("scripts/deploy of today", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await step("second plan: nothing to change", () => rehearsal.expectPlan({}));
  await step("scripts/destroy: nothing left", () => rehearsal.destroy());
}
