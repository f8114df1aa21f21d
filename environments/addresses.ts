import * as ipaddr from "ipaddr.js";

/** Networks in this file are IPv4, in CIDR notation, without host bits. The schema accepts only this form. */

export function prefixLength(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

export function contains(outer: string, inner: string): boolean {
  const [address] = ipaddr.IPv4.parseCIDR(inner);
  return prefixLength(outer) <= prefixLength(inner) && address.match(ipaddr.IPv4.parseCIDR(outer));
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
