import * as ipaddr from "ipaddr.js";
import { contains, isPublic } from "../../../environments/addresses";
import type { Environment } from "../../../environments/schema";
import type { Check } from "./check";

/** Reserved for documentation (RFC 5737). The example environments contain them. */
const examples = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"];

/**
 * Warns if the environment does not admit this computer. No service of Azure reports one's public address. Entra writes the address
 * of the login into a person's token, and that may be another place, so this only warns. Key Vault's own rejection names the
 * address, and the script repeats it.
 */
export const checkAddresses: Check = ({ environment, login: { addressSeen }, warn }) => {
  const problems = exampleRangeProblems(environment);
  if (problems.length > 0 || !addressSeen || !ipaddr.IPv4.isValid(addressSeen)) return problems;
  const { deployerRanges, subnets } = environment.network;
  // From a private network, a deployer reaches the private endpoints. Entra sees another address.
  const mayBePrivate = subnets.privateEndpoints && deployerRanges.some(({ cidr }) => !isPublic(cidr));
  if (!mayBePrivate && !deployerRanges.some(({ cidr }) => contains(cidr, `${addressSeen}/32`))) {
    warn(
      `Entra saw you log in from ${addressSeen}. No range of network.deployerRanges contains it. If this is still your address, Key Vault and Vault will refuse you: add ${addressSeen}/32.`,
    );
  }
  return [];
};

/** Finds the ranges of an environment file that was never filled in. Private ranges may be real. */
export function exampleRangeProblems({ name, network }: Environment): string[] {
  const ranges = network.deployerRanges.map(({ cidr }) => cidr).filter(isPublic);
  const real = ranges.filter((range) => !examples.some((example) => contains(example, range)));
  if (ranges.length === 0 || real.length > 0) return [];
  return [
    `network.deployerRanges in environments/${name}.json contains only examples (${ranges.join(", ")}). Write the public range you deploy from.`,
  ];
}
