import type { Environment } from "../../../environments/schema";
import type { SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import type { AzureCli } from "../azure-cli";
import type { Login } from "../login";
import type { StackState } from "../stack-state";
import type { UnfinishedWork } from "../unfinished-work";

/** What the checks of a deployment look at. */
export interface CheckContext {
  readonly environment: Environment;
  readonly login: Login;
  readonly az: AzureCli;
  /** All stacks of the environment. */
  readonly system: readonly SynthesizedStack[];
  /** Those that are to be deployed. */
  readonly stacks: readonly SynthesizedStack[];
  readonly states: ReadonlyMap<string, StackState>;
  /** In which stacks an earlier run was killed: what they name may be there already. */
  readonly unfinished: UnfinishedWork;
  /** For what may go wrong, but need not. */
  readonly warn: (sentence: string) => void;
}

/** Looks at one thing, and gives a sentence with its cure for each problem. */
export type Check = (context: CheckContext) => string[] | Promise<string[]>;

/** Stacks to be deployed of which nothing exists yet. */
export function newStacks({ stacks, states }: CheckContext): SynthesizedStack[] {
  return stacks.filter(({ name }) => !states.get(name)?.isDeployed);
}
