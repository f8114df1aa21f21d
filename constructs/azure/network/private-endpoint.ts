import { PrivateEndpoint as AzurermPrivateEndpoint } from "@cdktf/provider-azurerm/lib/private-endpoint";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { AzureCloud } from "../../../environments/azure-clouds";

/** A service's part with a private endpoint. Source: Azure, "What is a private endpoint", private-link resource. */
export type Subresource = keyof AzureCloud["privateLinkZones"];

/** A place of private endpoints in the virtual network. */
export interface PrivateEndpointNetwork {
  readonly subnetId: string;
  /** Azure ids of the private DNS zones. */
  readonly zoneIds: Readonly<Record<Subresource, string>>;
}

export interface PrivateEndpointProps {
  /** Name of the service, such as a Key Vault's. */
  of: string;
  resourceGroup: string;
  location: string;
  /** Azure id of the Key Vault or the storage account. */
  resourceId: string;
  subresource: Subresource;
  network: PrivateEndpointNetwork;
}

/**
 * A private address of a Key Vault or a storage account. The service's usual name has this address in the virtual
 * network. The endpoint may be the only way into the service. So Terraform's work inside it, and VMs that read there,
 * must depend on `dependable`.
 */
export class PrivateEndpoint extends Construct {
  readonly dependable: ITerraformDependable;

  constructor(
    scope: Construct,
    id: string,
    { of, resourceGroup, location, resourceId, subresource, network }: PrivateEndpointProps,
  ) {
    super(scope, id);
    const name = `pep-${of}`;
    this.dependable = new AzurermPrivateEndpoint(this, "endpoint", {
      name,
      resourceGroupName: resourceGroup,
      location,
      subnetId: network.subnetId,
      privateServiceConnection: {
        name,
        privateConnectionResourceId: resourceId,
        subresourceNames: [subresource],
        isManualConnection: false,
      },
      // Azure keeps the address in the zone as long as the endpoint exists.
      privateDnsZoneGroup: { name: "default", privateDnsZoneIds: [network.zoneIds[subresource]] },
    });
  }
}

/** A service that may have a private endpoint. */
export interface PrivateService extends Pick<PrivateEndpointProps, "resourceGroup" | "location"> {
  readonly name: string;
  /** The place of the endpoint. Without it, the service has none. */
  readonly privateEndpoints?: PrivateEndpointNetwork;
}

/** Creates a service's private endpoint in its scope, and returns what the work inside the service depends on. */
export function privateEndpointOf(
  scope: Construct,
  resourceId: string,
  subresource: Subresource,
  { name: of, resourceGroup, location, privateEndpoints: network }: PrivateService,
): ITerraformDependable | undefined {
  const props = { of, resourceGroup, location, resourceId, subresource };
  return network && new PrivateEndpoint(scope, "private", { ...props, network }).dependable;
}
