import { NetworkSecurityGroup } from "@cdktf/provider-azurerm/lib/network-security-group";
import { NetworkSecurityRule } from "@cdktf/provider-azurerm/lib/network-security-rule";
import { Construct } from "constructs";

/** One permitted flow. Addresses are IPv4 networks in CIDR notation or Azure service tags. */
export interface AllowedFlow {
  name: string;
  direction: "Inbound" | "Outbound";
  /** Azure evaluates lower numbers first. 100 to 4095, unique for each direction of a group. */
  priority: number;
  /** A list may contain up to 4000 networks that do not overlap. Source: Azure, network limits. */
  from: string | readonly string[];
  to: string;
  ports: readonly number[];
}

export interface SecurityGroupProps {
  name: string;
  resourceGroup: string;
  location: string;
  flows: readonly AllowedFlow[];
  /**
   * Directions in which the group refuses everything else. Azure's defaults would allow the whole network and the
   * internet.
   */
  refuseOther: readonly ("Inbound" | "Outbound")[];
}

/** The highest number, so this is the last rule before Azure's defaults (65000 and up). */
const lastPriority = 4096;

/** A network security group that admits only the listed TCP flows. */
export class SecurityGroup extends Construct {
  readonly id: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: SecurityGroupProps,
  ) {
    super(scope, id);
    const group = this.createGroup();
    for (const flow of props.flows) this.allow(group, flow);
    for (const direction of props.refuseOther) this.refuseOther(group, direction);
    this.id = group.id;
  }

  private createGroup(): NetworkSecurityGroup {
    const { name, resourceGroup, location } = this.props;
    return new NetworkSecurityGroup(this, "group", { name, resourceGroupName: resourceGroup, location });
  }

  private allow(
    group: NetworkSecurityGroup,
    { name, direction, priority, from, to, ports }: AllowedFlow,
  ): void {
    new NetworkSecurityRule(this, name, {
      name,
      resourceGroupName: this.props.resourceGroup,
      networkSecurityGroupName: group.name,
      priority,
      direction,
      access: "Allow",
      protocol: "Tcp",
      ...(typeof from === "string" ? { sourceAddressPrefix: from } : { sourceAddressPrefixes: [...from] }),
      sourcePortRange: "*",
      destinationAddressPrefix: to,
      destinationPortRanges: ports.map(String),
    });
  }

  private refuseOther(group: NetworkSecurityGroup, direction: "Inbound" | "Outbound"): void {
    const name = `refuse-other-${direction.toLowerCase()}`;
    new NetworkSecurityRule(this, name, {
      name,
      resourceGroupName: this.props.resourceGroup,
      networkSecurityGroupName: group.name,
      priority: lastPriority,
      direction,
      access: "Deny",
      protocol: "*",
      sourceAddressPrefix: "*",
      sourcePortRange: "*",
      destinationAddressPrefix: "*",
      destinationPortRange: "*",
    });
  }
}
