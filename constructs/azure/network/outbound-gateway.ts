import { NatGateway } from "@cdktf/provider-azurerm/lib/nat-gateway";
import { NatGatewayPublicIpAssociation } from "@cdktf/provider-azurerm/lib/nat-gateway-public-ip-association";
import { PublicIp } from "@cdktf/provider-azurerm/lib/public-ip";
import { SubnetNatGatewayAssociation } from "@cdktf/provider-azurerm/lib/subnet-nat-gateway-association";
import { Construct } from "constructs";
import { resourceName } from "../resource-names";

export interface OutboundGatewayProps {
  environment: string;
  resourceGroup: string;
  location: string;
  /** Ids of the subnets that use the gateway, by a name for each. */
  subnets: Record<string, string>;
}

/** A NAT gateway for outbound traffic to packages and Azure's services. It lets nothing in. */
export class OutboundGateway extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: OutboundGatewayProps,
  ) {
    super(scope, id);
    const gateway = this.createGateway();
    this.addAddress(gateway);
    for (const [name, subnetId] of Object.entries(props.subnets)) {
      new SubnetNatGatewayAssociation(this, `association-${name}`, { subnetId, natGatewayId: gateway.id });
    }
  }

  private createGateway(): NatGateway {
    const { environment, resourceGroup, location } = this.props;
    return new NatGateway(this, "gateway", {
      name: resourceName("ng", environment, "outbound"),
      resourceGroupName: resourceGroup,
      location,
      skuName: "Standard",
    });
  }

  private addAddress(gateway: NatGateway): void {
    const { environment, resourceGroup, location } = this.props;
    const address = new PublicIp(this, "address", {
      name: resourceName("pip", environment, "outbound"),
      resourceGroupName: resourceGroup,
      location,
      sku: "Standard",
      allocationMethod: "Static",
    });
    new NatGatewayPublicIpAssociation(this, "address-association", {
      natGatewayId: gateway.id,
      publicIpAddressId: address.id,
    });
  }
}
