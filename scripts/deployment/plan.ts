import { rm } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { terraformName } from "../../lib/terraform/terraform-program";
import { type Action, actionOf, type Plan } from "../plan-summary/plan";
import { machineChanges, userDataText, versionOf } from "./machine-changes";
import { projectFolder } from "./project";
import { runCommand } from "./run-command";
import type { StackState } from "./stack-state";

/** What Terraform would do with a stack, or which stacks must be deployed before that can be told. */
export type PlannedStack =
  | ({ stack: string; changes: Readonly<Record<string, Action>> } & PlanText)
  | { stack: string; waitsFor: readonly string[] };

/** A plan as a person reads it, and its numbers. */
export interface PlanText {
  add: number;
  change: number;
  destroy: number;
  text: string;
}

/** What happens to each resource that a plan does not leave as it is, by address. */
export function plannedChanges({ resource_changes = [] }: Plan): Record<string, Action> {
  return Object.fromEntries(
    resource_changes.flatMap(({ address, change }) => {
      const action = actionOf(change);
      return action ? [[address, action]] : [];
    }),
  );
}

/**
 * Stacks that must be deployed before a stack can be planned: those whose states do not have yet what it reads of them, such as
 * the identity of a VM that is to be made.
 */
export function stacksToDeployFirst(
  { dependencies, json }: SynthesizedStack,
  states: ReadonlyMap<string, StackState>,
): string[] {
  const text = JSON.stringify(json);
  return dependencies.filter((one) => {
    const state = states.get(one);
    const reads = text.matchAll(new RegExp(`cross-stack-reference-input-${one}\\.outputs\\.([\\w-]+)`, "g"));
    return !state?.isDeployed || [...reads].some(([, output = ""]) => !state.hasOutput(output));
  });
}

/** Reads what `cdktf diff` printed. */
export function readPlan(output: string): PlanText {
  const [, add = "0", change = "0", destroy = "0"] =
    /Plan: (?:\d+ to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy/.exec(output) ?? [];
  return {
    add: Number(add),
    change: Number(change),
    destroy: Number(destroy),
    text: withReadableUserData(planOnly(output)),
  };
}

/**
 * Without Terraform's initialization before it, and the hints and cdktf's status line after it. What somebody else changed comes
 * before the plan, with a line of its own between the two.
 */
function planOnly(output: string): string {
  const begin = output.search(
    /^(?:(?:Terraform|OpenTofu) used the selected providers|No changes\.|(?:Terraform|OpenTofu) will perform|Changes to Outputs:)/m,
  );
  const drift = output.search(/^Note: Objects have changed outside of /m);
  const plan = output.slice(Math.max(0, begin));
  const end = plan.search(/^\s*─{10,}|^Saved the plan to/m);
  const before = drift >= 0 && drift < begin ? output.slice(drift, begin) : "";
  return `${before}${plan.slice(0, end > 0 ? end : undefined)}`.trim();
}

/** A VM's user data by its version and by what changes on the VM, not as pages of base64. */
function withReadableUserData(text: string): string {
  return text.replaceAll(
    /^([ \t]*)([~+-]) user_data( +)= "([A-Za-z0-9+/=]+)"(?: -> (?:"([A-Za-z0-9+/=]+)"|(\(known after apply\)|null)))?.*$/gm,
    (_, space: string, sign: string, gap: string, first: string, second?: string, unknown?: string) => {
      const line = `${space}${sign} user_data${gap}= `;
      const before = userDataText(first);
      if (second === undefined) return `${line}${versionOf(before)}${unknown ? ` -> ${unknown}` : ""}`;
      const after = userDataText(second);
      const changes = machineChanges(before, after);
      return [
        `${line}${versionOf(before)} -> ${versionOf(after)}`,
        ...changes.map((change) => `${space}    # the VM ${change}`),
      ].join("\n");
    },
  );
}

/**
 * The plan that `cdktf diff` left beside a stack, read by Terraform and then removed: it holds what the state holds.
 * @throws {UserError} when there is none that Terraform can read.
 */
export async function savedPlan(stack: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Plan> {
  const folder = `cdktf.out/stacks/${stack}`;
  try {
    const show = [`-chdir=${folder}`, "show", "-json", "plan"];
    const result = await runCommand(terraformName(), show, { cwd: projectFolder, env, signal });
    if (result?.code === 0) return JSON.parse(result.stdout);
    throw new UserError(
      `The plan of ${stack} cannot be read (${result?.stderr.trim().slice(0, 300) || "Terraform gave no reason"}); run the same command again.`,
    );
  } finally {
    await rm(join(projectFolder, folder, "plan"), { force: true });
  }
}
