import { PublicIp } from "@cdktf/provider-azurerm/lib/public-ip";
import { Construct } from "constructs";
import type { AzureCloud } from "../../../environments/azure-clouds";

export interface PublicAddressProps {
  name: string;
  resourceGroup: string;
  location: string;
  zone?: string;
  /** First label of the DNS name. All of Azure shares the region's namespace. */
  dnsLabel: string;
  cloud: AzureCloud;
}

/** A fixed public address with a DNS name. The security group decides who reaches it. */
export class PublicAddress extends Construct {
  readonly id: string;
  /** `<label>.<region>.<domain of the cloud's public addresses>` */
  readonly domainName: string;

  constructor(
    scope: Construct,
    id: string,
    { name, resourceGroup, location, zone, dnsLabel, cloud }: PublicAddressProps,
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
      // Azure deletes no address that a network interface uses. With this, Terraform changes the interface first.
      lifecycle: { createBeforeDestroy: true },
    }).id;
    // Computed from the label, so the certificate does not wait for the address.
    this.domainName = `${dnsLabel}.${location}.${cloud.publicAddressDomain}`;
  }
}
