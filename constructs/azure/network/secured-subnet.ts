import { Subnet, type SubnetDelegation } from "@cdktf/provider-azurerm/lib/subnet";
import { SubnetNetworkSecurityGroupAssociation } from "@cdktf/provider-azurerm/lib/subnet-network-security-group-association";
import { Construct } from "constructs";
import { type AllowedFlow, SecurityGroup } from "./security-group";

export interface SecuredSubnetProps {
  /** Last part of the subnet's and the security group's names. */
  name: string;
  environment: string;
  resourceGroup: string;
  location: string;
  virtualNetwork: string;
  cidr: string;
  /** Azure service to which the subnet is delegated, such as `Microsoft.Web/serverFarms`. */
  delegation?: "Microsoft.DBforMySQL/flexibleServers" | "Microsoft.Web/serverFarms";
  /** Azure services that see the subnet's identity on requests from here, for their firewalls. */
  serviceEndpoints?: readonly string[];
  flows: readonly AllowedFlow[];
  refuseOther: readonly ("Inbound" | "Outbound")[];
}

/** A subnet with a security group of its own. */
export class SecuredSubnet extends Construct {
  readonly id: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: SecuredSubnetProps,
  ) {
    super(scope, id);
    const subnet = this.createSubnet();
    this.secure(subnet);
    this.id = subnet.id;
  }

  /**
   * Creates the subnet without Azure's implicit outbound address, because egress uses the NAT gateway. The setting
   * does not apply to a delegated subnet, where the service controls egress. Source: Azure, default outbound access,
   * private subnets.
   */
  private createSubnet(): Subnet {
    const { name, environment, resourceGroup, virtualNetwork, cidr, serviceEndpoints } = this.props;
    return new Subnet(this, "subnet", {
      name: `snet-${environment}-${name}`,
      resourceGroupName: resourceGroup,
      virtualNetworkName: virtualNetwork,
      addressPrefixes: [cidr],
      defaultOutboundAccessEnabled: this.props.delegation === undefined ? false : undefined,
      privateEndpointNetworkPolicies: "Enabled",
      delegation: this.delegation(),
      serviceEndpoints: serviceEndpoints && [...serviceEndpoints],
    });
  }

  private delegation(): SubnetDelegation[] | undefined {
    const service = this.props.delegation;
    if (service === undefined) return undefined;
    const actions = {
      "Microsoft.DBforMySQL/flexibleServers": "Microsoft.Network/virtualNetworks/subnets/join/action",
      "Microsoft.Web/serverFarms": "Microsoft.Network/virtualNetworks/subnets/action",
    };
    return [{ name: "service", serviceDelegation: { name: service, actions: [actions[service]] } }];
  }

  private secure(subnet: Subnet): void {
    const { name, environment, resourceGroup, location, flows, refuseOther } = this.props;
    const group = new SecurityGroup(this, "security", {
      name: `nsg-${environment}-${name}`,
      resourceGroup,
      location,
      flows,
      refuseOther,
    });
    new SubnetNetworkSecurityGroupAssociation(this, "association", {
      subnetId: subnet.id,
      networkSecurityGroupId: group.id,
    });
  }
}
