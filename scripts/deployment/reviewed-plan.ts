import { join } from "node:path";
import { committedLock } from "../../constructs/terraform/provider-locks";
import { UserError } from "../../lib/processes/user-error";
import { terraformName } from "../../lib/terraform/terraform-program";
import { planSummary } from "../plan-summary/markdown";
import type { Plan } from "../plan-summary/plan";
import { planDigest } from "../plan-summary/plan-digest";
import { runToItsEnd, type TerraformRun } from "./cdktf";
import { lossesOf, refuseDataLoss } from "./data-loss";
import { forgetOtherEnvironment } from "./other-environment";
import { projectFolder } from "./project";
import { runCommand } from "./run-command";
import { temporaryFolder } from "./temporary-folder";
import { terraformFailure } from "./terraform-failure";

/** A plan as it is put before a reviewer. */
export interface ReviewablePlan {
  stack: string;
  /** Markdown. */
  summary: string;
  digest: string;
}

/** Plans a synthesized stack for a review. @throws {UserError} with Terraform's reason. */
export function planForReview(run: TerraformRun): Promise<ReviewablePlan> {
  return withPlan(run, async ({ plan }) => ({
    stack: run.stack,
    summary: planSummary(run.stack, plan),
    digest: planDigest(plan),
  }));
}

/**
 * Plans a synthesized stack again and applies exactly that plan, if it is the reviewed one.
 * @param reviewed digest of the plan that was reviewed, undefined where there was none; and addresses of what may be lost
 * @throws {UserError} before anything changes, where it is another, or takes data away.
 */
export async function applyReviewed(
  { digest, allowedLosses }: { digest: string | undefined; allowedLosses: readonly string[] },
  run: TerraformRun,
): Promise<void> {
  const { stack } = run;
  if (digest === undefined) {
    throw new UserError(
      `Nobody reviewed a plan of ${stack}, since it could not be planned before; run the workflow again, which plans it now.`,
    );
  }
  return withPlan(run, async ({ plan, file, changes }) => {
    if (planDigest(plan) !== digest) {
      throw new UserError(
        `The plan of ${stack} is not the one that was reviewed, since a stack before it, or Azure, has changed meanwhile; nothing of ${stack} was changed. Run the workflow again, which plans the rest.`,
      );
    }
    refuseDataLoss(lossesOf(stack, plan), allowedLosses);
    if (!changes) return;
    await terraform(run, ["apply", "-no-color", "-input=false", file]);
  });
}

interface MadePlan {
  plan: Plan;
  file: string;
  /** Whether it does anything, to outputs too. */
  changes: boolean;
}

/** The plan's file holds in the clear what the state does: it goes at the end. */
async function withPlan<T>(run: TerraformRun, work: (made: MadePlan) => Promise<T>): Promise<T> {
  const { stack, env, interruption } = run;
  interruption.check();
  await forgetOtherEnvironment(stack, String(env.ENVIRONMENT));
  const folder = temporaryFolder();
  try {
    const file = join(folder.path, "plan");
    await terraform(run, ["init", "-no-color", "-input=false", ...lockOption(stack)]);
    const code = await terraform(
      run,
      ["plan", "-no-color", "-input=false", "-detailed-exitcode", "-out", file],
      [0, 2],
    );
    // Not by way of the lines that are shown.
    const shown = await runCommand(terraformName(), [...inStack(stack), "show", "-json", file], { env });
    if (shown?.code !== 0) throw new UserError(`Terraform cannot show its plan of ${stack}.`);
    return await work({ plan: JSON.parse(shown.stdout), file, changes: code === 2 });
  } finally {
    folder.remove();
  }
}

async function terraform(run: TerraformRun, args: readonly string[], good: readonly number[] = [0]) {
  const { stack, env, interruption } = run;
  interruption.waitingFor = `Terraform to finish what it began with ${stack} and to give back its lock`;
  const { code, output } = await runToItsEnd(terraformName(), [...inStack(stack), ...args], run).finally(
    () => {
      interruption.waitingFor = "";
    },
  );
  interruption.check();
  if (!good.includes(code)) {
    throw new UserError(terraformFailure({ environment: String(env.ENVIRONMENT), stack }, output));
  }
  return code;
}

function inStack(stack: string): string[] {
  return [`-chdir=${join(projectFolder, "cdktf.out/stacks", stack)}`];
}

/** With a committed lock file, no provider but those in it. */
function lockOption(stack: string): string[] {
  return committedLock(join(projectFolder, "cdktf.out/stacks", stack)) ? ["-lockfile=readonly"] : [];
}
