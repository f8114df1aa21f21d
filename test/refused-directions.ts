import type { SynthesizedStack } from "./synthesis";

/**
 * Returns the directions in which a subnet's security group refuses everything else, sorted.
 * @param subnet the subnet's construct, such as `vault`
 */
export function refusedDirections(stack: SynthesizedStack, subnet: string): unknown[] {
  const group = stack.only("azurerm_network_security_group", `/${subnet}/security/group`);
  return stack
    .resources("azurerm_network_security_rule")
    .filter((rule) => rule.get("network_security_group_name") === group.ref("name"))
    .filter((rule) => rule.get("access") === "Deny")
    .map((rule) => rule.get("direction"))
    .sort();
}
