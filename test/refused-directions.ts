import { securityRules } from "./security-rules";
import type { SynthesizedStack } from "./synthesis";

/**
 * Returns the directions in which a subnet's security group refuses everything else, sorted.
 * @param subnet the subnet's construct, such as `vault`
 */
export function refusedDirections(stack: SynthesizedStack, subnet: string): unknown[] {
  return securityRules(stack, subnet)
    .filter((rule) => rule.get("access") === "Deny")
    .map((rule) => rule.get("direction"))
    .sort();
}
