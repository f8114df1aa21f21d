import * as ipaddr from "ipaddr.js";
import { z } from "zod";

/** An IPv4 network in CIDR notation without host bits, such as `10.20.1.0/24`. */
export const cidr = z
  .string()
  .superRefine((value, context) => {
    const message = cidrProblem(value);
    if (message) context.addIssue({ code: "custom", message });
  })
  .meta({
    pattern: "^[0-9.]+/[0-9]+$",
    patternErrorMessage:
      "is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.",
    examples: ["10.20.1.0/24"],
  });

function cidrProblem(value: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(value)) {
    return `has no prefix length; write ${value}/32 for this one address.`;
  }
  if (ipaddr.IPv6.isValid(value.split("/")[0] ?? "")) {
    return "is an IPv6 network, and the system's networks are IPv4; write the IPv4 network.";
  }
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(value) || /\/0\d/.test(value)) {
    return "is not an IPv4 network; write an address and a prefix length, such as 10.20.1.0/24.";
  }
  const network = `${ipaddr.IPv4.networkAddressFromCIDR(value).toString()}/${value.split("/")[1]}`;
  return network === value ? undefined : `has host bits set; write ${network}.`;
}

/** The networks below are IPv4, in CIDR notation, without host bits. `cidr` accepts only this form. */

export function prefixLength(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

export function contains(outer: string, inner: string): boolean {
  if (prefixLength(outer) > prefixLength(inner)) return false;
  const [address] = ipaddr.IPv4.parseCIDR(inner);
  return address.match(ipaddr.IPv4.parseCIDR(outer));
}

export function overlap(one: string, other: string): boolean {
  return contains(one, other) || contains(other, one);
}

/**
 * Returns the same addresses with as few of the listed networks as possible: no repeats, no overlaps, in a fixed
 * order. Azure refuses a security rule whose networks overlap (`OverlappingSubnetsNotPermittedInSecurityRule`).
 */
export function disjoint(cidrs: readonly string[]): string[] {
  const once = [...new Set(cidrs)].sort();
  return once.filter((inner) => !once.some((outer) => outer !== inner && contains(outer, inner)));
}

/** Returns the two halves of a network, the lower one first. The network has at least two addresses. */
export function halves(cidr: string): [string, string] {
  const { IPv4 } = ipaddr;
  const length = prefixLength(cidr) + 1;
  const halfWith = (address: ipaddr.IPv4): string =>
    `${IPv4.networkAddressFromCIDR(`${address}/${length}`)}/${length}`;
  return [halfWith(IPv4.networkAddressFromCIDR(cidr)), halfWith(IPv4.broadcastAddressFromCIDR(cidr))];
}

/**
 * Returns the number of addresses for machines. Azure reserves five of each subnet. Source: Azure, virtual network
 * FAQ.
 */
export function usableAddresses(subnet: string): number {
  return 2 ** (32 - prefixLength(subnet)) - 5;
}

/**
 * Returns true if a firewall on the internet can see the address. Documentation ranges count, because the shipped
 * files contain them.
 */
export function isPublic(cidr: string): boolean {
  const range = ipaddr.IPv4.parseCIDR(cidr)[0].range();
  return range === "unicast" || range === "reserved" || range === "unspecified";
}
