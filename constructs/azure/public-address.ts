import { PublicIp } from "@cdktf/provider-azurerm/lib/public-ip";
import { Construct } from "constructs";

export interface PublicAddressProps {
  name: string;
  resourceGroup: string;
  location: string;
  zone?: string;
  /** First label of the DNS name; the region's namespace is shared with all of Azure. */
  dnsLabel: string;
}

/** A fixed public address with a DNS name. Who reaches it is the security group's business. */
export class PublicAddress extends Construct {
  readonly id: string;
  /** `<label>.<region>.cloudapp.azure.com` */
  readonly domainName: string;

  constructor(
    scope: Construct,
    id: string,
    { name, resourceGroup, location, zone, dnsLabel }: PublicAddressProps,
  ) {
    super(scope, id);
    this.id = new PublicIp(this, "address", {
      name,
      resourceGroupName: resourceGroup,
      location,
      sku: "Standard",
      allocationMethod: "Static",
      zones: zone ? [zone] : undefined,
      domainNameLabel: dnsLabel,
    }).id;
    // Known from the label, so that the certificate need not wait for the address.
    this.domainName = `${dnsLabel}.${location}.cloudapp.azure.com`;
  }
}
