import type { Progress } from "../../lib/processes/progress";
import type { Rehearsal } from "./rehearsal";

/** Upgrades the deployment of an older version of the project to the current version. */
export async function upgrade(rehearsal: Rehearsal, progress: Progress): Promise<void> {
  const step = (what: string, work: () => Promise<void>) => progress.longStep(what, work);
  await step("scripts/deploy of the old version", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await rehearsal.useProjectOfToday();
  // scripts/deploy rejects a plan that loses data.
  await step("scripts/deploy of the current version", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await step("second plan: nothing to change", () => rehearsal.expectPlan({}));
  await step("scripts/destroy: nothing left", () => rehearsal.destroy());
}
