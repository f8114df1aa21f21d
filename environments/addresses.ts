import * as ipaddr from "ipaddr.js";

/** Networks in this file are IPv4, in CIDR notation, without host bits: what the schema lets through. */

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
 * The same addresses in as few networks as the list names: each once, none inside another, in a fixed order.
 * Azure refuses a security rule whose networks overlap (`OverlappingSubnetsNotPermittedInSecurityRule`).
 */
export function disjoint(cidrs: readonly string[]): string[] {
  const once = [...new Set(cidrs)].sort();
  return once.filter((inner) => !once.some((outer) => outer !== inner && contains(outer, inner)));
}

/** Addresses that Azure leaves for machines: it keeps five of each subnet. Source: Azure, virtual network FAQ. */
export function usableAddresses(subnet: string): number {
  return 2 ** (32 - prefixLength(subnet)) - 5;
}

/** Whether a firewall on the internet can see the address. Documentation ranges count: the shipped files hold them. */
export function isPublic(cidr: string): boolean {
  const range = ipaddr.IPv4.parseCIDR(cidr)[0].range();
  return range === "unicast" || range === "reserved" || range === "unspecified";
}
