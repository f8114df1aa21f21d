import { disjoint, isPublic } from "../../../environments/addresses";
import type { PrivateEndpointNetwork } from "./private-endpoint";
import type { SystemNetwork } from "./system-network";

/** Who may connect to a Key Vault or a storage account. */
export interface AdmittedNetworks {
  /** Networks outside Azure, CIDR. The firewall accepts only public ones, so private ones are left out. */
  readonly allowedRanges: readonly string[];
  /** Ids of subnets with the service's endpoint. */
  readonly allowedSubnets: readonly string[];
}

/** Returns the ranges for a service's firewall, and the setting of its public address. */
export function serviceFirewall({ allowedRanges, allowedSubnets }: AdmittedNetworks): {
  publicRanges: string[];
  publicNetworkAccessEnabled: false | undefined;
} {
  const publicRanges = disjoint(allowedRanges).filter(isPublic);
  const admitsNobody = publicRanges.length + allowedSubnets.length === 0;
  // Azure's default is true. A firewall that admits nobody needs no public address.
  return { publicRanges, publicNetworkAccessEnabled: admitsNobody ? false : undefined };
}

/** Returns the ids of the own subnets that a firewall admits by service endpoint. None if they use a private endpoint. */
export function admittedSubnets(
  network: {
    readonly subnets: SystemNetwork["subnets"];
    readonly privateEndpoints?: PrivateEndpointNetwork;
  },
  ...names: readonly (keyof SystemNetwork["subnets"])[]
): string[] {
  return network.privateEndpoints ? [] : names.map((name) => network.subnets[name]);
}
