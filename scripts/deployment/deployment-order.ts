import { resourcesOf, type SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import type { StackState } from "./stack-state";

const endpointType = "azurerm_private_endpoint";
const subnetType = "azurerm_subnet";

type States = ReadonlyMap<string, Pick<StackState, "addresses" | "existing">>;

/**
 * Returns stacks in the order in which to deploy them: the system's order, with one exception. Azure deletes no subnet
 * with a private endpoint in it. So if a stack loses a subnet, the stacks that lose private endpoints come before it.
 */
export function inDeploymentOrder(
  stacks: readonly SynthesizedStack[],
  states: States,
): readonly SynthesizedStack[] {
  const first = stacks.findIndex((stack) => losesSubnet(stack, states));
  if (first < 0) return stacks;
  const earlier = stacks.slice(first).filter((stack) => losesEndpoints(stack, states));
  return [
    ...stacks.slice(0, first),
    ...earlier,
    ...stacks.slice(first).filter((stack) => !earlier.includes(stack)),
  ];
}

function losesSubnet({ name, json }: SynthesizedStack, states: States): boolean {
  const stays = new Set(Object.keys(json.resource[subnetType] ?? {}).map((id) => `${subnetType}.${id}`));
  return (states.get(name)?.addresses ?? []).some(
    (address) => address.startsWith(`${subnetType}.`) && !stays.has(address),
  );
}

function losesEndpoints(stack: SynthesizedStack, states: States): boolean {
  const existing = states.get(stack.name)?.existing(endpointType) ?? [];
  return existing.length > resourcesOf(stack, endpointType).length;
}
