import type { Environment } from "../../../environments/schema";
import type { SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import type { AzureCli } from "../azure-cli";
import type { AzureLogin } from "../login";
import type { StackState } from "../stack-state";
import type { UnfinishedWork } from "../unfinished-work";

/** The input of a deployment's checks. */
export interface CheckContext {
  readonly environment: Environment;
  readonly login: AzureLogin;
  readonly az: AzureCli;
  /** All stacks of the environment. */
  readonly system: readonly SynthesizedStack[];
  /** The stacks to deploy. */
  readonly stacks: readonly SynthesizedStack[];
  readonly states: ReadonlyMap<string, StackState>;
  /** The stacks in which an earlier run was killed. The resources that they name may exist already. */
  readonly unfinished: UnfinishedWork;
  /** Reports a possible problem. */
  readonly warn: (sentence: string) => void;
}

/** Checks one thing, and returns a sentence with a cure for each problem. */
export type Check = (context: CheckContext) => string[] | Promise<string[]>;

/** Stacks to deploy of which nothing exists yet. */
export function newStacks({ stacks, states }: CheckContext): SynthesizedStack[] {
  return stacks.filter(({ name }) => !states.get(name)?.isDeployed);
}
