import { join } from "node:path";
import { Guardian } from "../../lib/processes/guardian";
import { UserError } from "../../lib/processes/user-error";
import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { type Action, actionOf, type Plan, readPlan } from "../plan-summary/plan-json";
import { machineChanges, userDataText, versionOf } from "./machine-changes";
import type { StackState } from "./stack-state";
import { temporaryFolder } from "./temporary-folder";
import { type TerraformRun, terraform, terraformOutput } from "./terraform";

/** Terraform's changes to a stack, or the stacks that must be deployed before a plan is possible. */
export type PlannedStack =
  | ({ stack: string; changes: Readonly<Record<string, Action>> } & PlanText)
  | { stack: string; waitsFor: readonly string[] };

/** A plan as text for people, and how many resources it adds, changes and destroys. */
export interface PlanText {
  add: number;
  change: number;
  destroy: number;
  text: string;
}

/** A plan that Terraform made. */
export interface MadePlan {
  readonly plan: Plan;
  /** Path of the plan file that Terraform can apply. */
  readonly file: string;
  /** True if it changes anything, including outputs. */
  readonly changes: boolean;
}

/** The scope of a plan. */
export interface PlanScope {
  /** Addresses of the only resources that may change, with their dependencies. Default: all resources. */
  readonly targets?: readonly string[];
  /** Addresses of the resources to replace. */
  readonly replace?: readonly string[];
  /** `false` compares with the state only: Terraform reads no resource. */
  readonly refresh?: false;
  /** `false` does not lock the state, for callers who can only read it. */
  readonly lock?: false;
}

/**
 * Plans an initialized stack. The plan's file contains the state's values in plain text. It is deleted when the work ends, or when
 * this process is killed.
 * @throws {UserError} with Terraform's reason.
 */
export async function withPlan<T>(
  run: TerraformRun,
  work: (made: MadePlan) => Promise<T>,
  { targets = [], replace = [], refresh, lock }: PlanScope = {},
): Promise<T> {
  const folder = temporaryFolder();
  const guardian = await Guardian.ofFolder(folder.path);
  try {
    const file = join(folder.path, "plan");
    const scope = [
      ...targets.map((it) => `-target=${it}`),
      ...replace.map((it) => `-replace=${it}`),
      ...(refresh === false ? ["-refresh=false"] : []),
      ...(lock === false ? ["-lock=false"] : []),
    ];
    const plan = ["plan", "-no-color", "-input=false", "-detailed-exitcode", "-out", file, ...scope];
    const code = await terraform(run, plan, [0, 2]);
    return await work({
      plan: readPlan(await shown(run, "-json", file)) ?? cannotShow(run),
      file,
      changes: code === 2,
    });
  } finally {
    folder.remove();
    guardian.release();
  }
}

/** Returns the plan as text for people. */
export async function readablePlan(run: TerraformRun, { plan, file }: MadePlan): Promise<PlanText> {
  const actions = Object.values(plannedChanges(plan));
  const count = (...counted: Action[]) => actions.filter((action) => counted.includes(action)).length;
  return {
    add: count("added", "replaced"),
    change: count("changed"),
    destroy: count("destroyed", "replaced"),
    text: withReadableUserData((await shown(run, "-no-color", file)).trim()),
  };
}

/** Returns the actions on each resource that a plan changes, by address. */
export function plannedChanges({ resource_changes = [] }: Plan): Record<string, Action> {
  return Object.fromEntries(
    resource_changes.flatMap(({ address, change }) => {
      const action = actionOf(change);
      return action ? [[address, action]] : [];
    }),
  );
}

/**
 * Returns the stacks that must be deployed before a stack can be planned. Their states lack outputs that this stack reads, such as
 * the identity of a VM that does not exist yet.
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

async function shown(run: TerraformRun, option: "-json" | "-no-color", file: string): Promise<string> {
  const text = await terraformOutput(run, ["show", option, file]);
  return text ?? cannotShow(run);
}

function cannotShow({ stack }: TerraformRun): never {
  throw new UserError(`Terraform cannot show its plan of ${stack}. Run the same command again.`);
}

/** Returns Terraform's text of a plan. User data of VMs appear as a version and a list of changes on the VM, not as pages of base64. */
export function withReadableUserData(text: string): string {
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
