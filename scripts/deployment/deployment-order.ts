import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import type { StackState } from "./stack-state";

type States = ReadonlyMap<string, Pick<StackState, "addresses">>;

/**
 * Returns stacks in the order in which to deploy them: the system's order, with one exception. Azure deletes no subnet
 * with a private endpoint in it. So if a stack loses a subnet, the stacks that lose private endpoints come before it.
 */
export function inDeploymentOrder(
  stacks: readonly SynthesizedStack[],
  states: States,
): readonly SynthesizedStack[] {
  const first = stacks.findIndex((stack) => loses(stack, "azurerm_subnet", states));
  if (first < 0) return stacks;
  const earlier = stacks.slice(first).filter((stack) => loses(stack, "azurerm_private_endpoint", states));
  return [
    ...stacks.slice(0, first),
    ...earlier,
    ...stacks.slice(first).filter((stack) => !earlier.includes(stack)),
  ];
}

/** Returns true if the state has a resource of this type that the stack no longer has. */
function loses({ name, json }: SynthesizedStack, type: string, states: States): boolean {
  const stays = Object.keys(json.resource[type] ?? {}).map((id) => `${type}.${id}`);
  const existing = states.get(name)?.addresses ?? [];
  return existing.some((address) => address.startsWith(`${type}.`) && !stays.includes(address));
}
