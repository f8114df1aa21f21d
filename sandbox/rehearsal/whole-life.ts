import type { Progress } from "../../lib/processes/progress";
import { changeByItself, destroyAmongLeftovers } from "./azure-by-itself";
import { changes, type SystemChange } from "./changes";
import type { Rehearsal } from "./rehearsal";
import { stackOptions } from "./stack-options";

type Step = (what: string, work: () => Promise<void>) => Promise<void>;

/** Deploys, makes all changes, destroys, and deploys a second time. */
export async function wholeLife(rehearsal: Rehearsal, progress: Progress): Promise<void> {
  const step: Step = (what, work) => progress.longStep(what, work);
  await step("scripts/deploy", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await step("scripts/status: all is well", () => rehearsal.expectWell());
  await step("the sandbox without azurerm has the same Azure", () => rehearsal.expectFallbackAlike());
  await step("second plan: nothing to change", () => rehearsal.expectPlan({}));
  for (const change of changes) {
    const obstacle = change.obstacle?.(rehearsal);
    if (obstacle) progress.line(`${change.what}: skipped, because ${obstacle}`);
    else await make(change, rehearsal, step);
  }
  changeByItself(rehearsal);
  await step("plan after all changes, including Azure's own: nothing to change", () =>
    rehearsal.expectPlan({}),
  );
  if (rehearsal.environment.protectData) {
    rehearsal.edit((environment) => {
      environment.protectData = false;
    });
    await step("protectData is lifted: scripts/deploy", () => rehearsal.deploy());
  }
  await step("scripts/destroy among leftovers: nothing remains", () => destroyAmongLeftovers(rehearsal));
  await step("scripts/deploy, a second time", () => rehearsal.deploy());
  await step("cdktf deploy network, by hand: nothing to change", () =>
    rehearsal.expectNothingFromCdktf("network"),
  );
}

async function make(change: SystemChange, rehearsal: Rehearsal, step: Step): Promise<void> {
  const { what, edit, outside, plan, check, alsoDeploys = [] } = change;
  if (outside) await step(what, () => outside(rehearsal));
  if (edit) rehearsal.edit((environment) => edit(environment, rehearsal));
  const expected = plan(rehearsal.environment);
  await step(`${what}: the expected plan`, () => rehearsal.expectPlan(expected));
  // The last plan covers all stacks and shows whether this was enough.
  const stacks = stackOptions(...Object.keys(expected), ...alsoDeploys);
  await step(`${what}: scripts/deploy`, () => rehearsal.deploy(...stacks));
  if (check) await step(`${what}: works`, () => check(rehearsal));
  await rehearsal.smokeTest();
}
