import type { Block, SynthesizedStack } from "./synthesis";

/**
 * Returns the rules of a subnet's security group.
 * @param subnet the subnet's construct, such as `vault`
 */
export function securityRules(stack: SynthesizedStack, subnet: string): Block[] {
  return rulesOfGroup(stack, stack.only("azurerm_network_security_group", `/${subnet}/security/group`));
}

export function rulesOfGroup(stack: SynthesizedStack, group: Block): Block[] {
  return stack
    .resources("azurerm_network_security_rule")
    .filter((rule) => rule.get("network_security_group_name") === group.ref("name"));
}
