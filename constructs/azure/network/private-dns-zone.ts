import { PrivateDnsZone as AzurermPrivateDnsZone } from "@cdktf/provider-azurerm/lib/private-dns-zone";
import { PrivateDnsZoneVirtualNetworkLink } from "@cdktf/provider-azurerm/lib/private-dns-zone-virtual-network-link";
import { Construct } from "constructs";

export interface PrivateDnsZoneProps {
  /** The zone, such as `demo.internal`. */
  name: string;
  resourceGroup: string;
  virtualNetworkId: string;
  /** Resolves names that the zone does not have on the internet. Azure allows this for zones of private endpoints. */
  fallBackToInternet?: true;
}

/** A DNS zone that only the virtual network sees. */
export class PrivateDnsZone extends Construct {
  readonly id: string;
  readonly name: string;

  constructor(
    scope: Construct,
    id: string,
    { name, resourceGroup, virtualNetworkId, fallBackToInternet }: PrivateDnsZoneProps,
  ) {
    super(scope, id);
    const zone = new AzurermPrivateDnsZone(this, "zone", { name, resourceGroupName: resourceGroup });
    new PrivateDnsZoneVirtualNetworkLink(this, "link", {
      name: "virtual-network",
      resourceGroupName: resourceGroup,
      privateDnsZoneName: zone.name,
      virtualNetworkId,
      resolutionPolicy: fallBackToInternet && "NxDomainRedirect",
    });
    this.id = zone.id;
    this.name = zone.name;
  }
}
