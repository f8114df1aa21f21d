import * as ipaddr from "ipaddr.js";
import { contains, isPublic } from "../../../environments/addresses";
import type { Environment } from "../../../environments/schema";
import type { Check } from "./check";

/** Set apart for documentation (RFC 5737): what the example environments hold. */
const examples = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"];

/**
 * Whether the environment lets this computer in. No service of Azure tells one's public address: Entra writes into a
 * person's token from where they logged in, which may be another place. So that only warns; Key Vault's own refusal, which
 * names the address, is told when it comes.
 */
export const checkAddresses: Check = ({ environment, login: { addressSeen }, warn }) => {
  const problems = exampleRangeProblems(environment);
  if (problems.length > 0 || !addressSeen || !ipaddr.IPv4.isValid(addressSeen)) return problems;
  const { deployerRanges } = environment.network;
  if (!deployerRanges.some(({ cidr }) => contains(cidr, `${addressSeen}/32`))) {
    warn(
      `Entra saw you log in from ${addressSeen}, which no range of network.deployerRanges holds; if that is your address still, Key Vault and Vault will refuse you: add ${addressSeen}/32.`,
    );
  }
  return [];
};

/** The ranges of an environment file that was never filled in; private ones may be real. */
export function exampleRangeProblems({ name, network }: Environment): string[] {
  const ranges = network.deployerRanges.map(({ cidr }) => cidr).filter(isPublic);
  const real = ranges.filter((range) => !examples.some((example) => contains(example, range)));
  if (ranges.length === 0 || real.length > 0) return [];
  return [
    `network.deployerRanges in environments/${name}.json holds examples only (${ranges.join(", ")}); write the public range you deploy from.`,
  ];
}
