import { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import { ResourceGroup } from "@cdktf/provider-azurerm/lib/resource-group";
import type { Construct } from "constructs";
import { useAzurerm } from "../constructs/azure/azurerm-provider";
import { DeployerDataAccess } from "../constructs/azure/deployer-data-access";
import { OutboundGateway } from "../constructs/azure/network/outbound-gateway";
import { PrivateDnsZone } from "../constructs/azure/network/private-dns-zone";
import type { PrivateEndpointNetwork, Subresource } from "../constructs/azure/network/private-endpoint";
import { SystemNetwork } from "../constructs/azure/network/system-network";
import { resourceName } from "../constructs/azure/resource-names";
import { addOutputs } from "../constructs/terraform/outputs";
import { cloudOf } from "../environments/azure-clouds";
import type { Environment } from "../environments/schema";
import { EnvironmentStack } from "./environment-stack";

/** The base of all other stacks: resource group, network, DNS, egress, and the deployers' first rights. */
export class NetworkStack extends EnvironmentStack {
  readonly resourceGroup: ResourceGroup;
  readonly subnets: SystemNetwork["subnets"];
  /** Name of the zone in which Vault's host is `vault`, as plain text. */
  readonly vaultDnsZoneName: string;
  readonly vaultDnsZone: PrivateDnsZone;
  readonly mysqlDnsZone: PrivateDnsZone;
  /** The place of private endpoints that workloads reach, too. Undefined if the environment has none. */
  readonly privateEndpoints?: PrivateEndpointNetwork;
  /** The place of private endpoints that only Vault and deployers reach. Undefined if the environment has none. */
  readonly restrictedEndpoints?: PrivateEndpointNetwork;

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id, environment, ["azurerm"]);
    useAzurerm(this, { cloud: cloudOf(environment) });
    const { name, location, deployers } = environment;
    const deployer = new DataAzurermClientConfig(this, "deployer");
    this.resourceGroup = new ResourceGroup(this, "resource-group", {
      name: resourceName("rg", name, "vault"),
      location,
    });
    const resourceGroup = this.resourceGroup.name;

    new DeployerDataAccess(this, "deployer-data-access", {
      deployers,
      signedInObjectId: deployer.objectId,
      resourceGroupId: this.resourceGroup.id,
    });
    const network = new SystemNetwork(this, "network", { environment, resourceGroup });
    this.subnets = network.subnets;
    const { vault, webApp, agents } = network.subnets;
    new OutboundGateway(this, "outbound", {
      environment: name,
      resourceGroup,
      location,
      subnets: { vault, webApp, agents },
    });
    this.vaultDnsZoneName = environment.network.privateDnsZone ?? `${name}.internal`;
    this.vaultDnsZone = new PrivateDnsZone(this, "vault-dns", {
      name: this.vaultDnsZoneName,
      resourceGroup,
      virtualNetworkId: network.id,
    });
    // Azure requires this ending, and a name that differs from the server's.
    this.mysqlDnsZone = new PrivateDnsZone(this, "mysql-dns", {
      name: `vault-${name}.private.${cloudOf(environment).mysqlDomain}`,
      resourceGroup,
      virtualNetworkId: network.id,
    });
    if (network.endpointSubnets !== undefined) {
      const { privateEndpoints, restrictedEndpoints } = network.endpointSubnets;
      const zoneId = (subresource: Subresource) =>
        new PrivateDnsZone(this, `${subresource}-endpoint-dns`, {
          name: cloudOf(environment).privateLinkZones[subresource],
          resourceGroup,
          virtualNetworkId: network.id,
          // A Key Vault of others may have a private endpoint elsewhere.
          fallBackToInternet: true,
        }).id;
      const zoneIds = { vault: zoneId("vault"), blob: zoneId("blob") };
      this.privateEndpoints = { subnetId: privateEndpoints, zoneIds };
      this.restrictedEndpoints = { subnetId: restrictedEndpoints, zoneIds };
    }

    addOutputs(this, {
      resource_group: [resourceGroup, "name of the resource group of the whole system"],
      virtual_network_id: [network.id, "id of the virtual network, for peering"],
    });
  }
}
