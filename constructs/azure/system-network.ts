import { VirtualNetwork } from "@cdktf/provider-azurerm/lib/virtual-network";
import { Construct } from "constructs";
import type { Environment, NamedRange } from "../../environments/schema";
import { resourceName } from "./resource-names";
import { SecuredSubnet, type SecuredSubnetProps } from "./secured-subnet";
import type { AllowedFlow } from "./security-group";

export interface SystemNetworkProps {
  environment: Environment;
  resourceGroup: string;
}

/** Name of a subnet's range in the environment file. */
type SubnetName = keyof Environment["network"]["subnets"];

const keyVaultEndpoint = "Microsoft.KeyVault";
const storageEndpoint = "Microsoft.Storage";

/** The virtual network and its four subnets, each open for exactly the flows that the system needs. */
export class SystemNetwork extends Construct {
  readonly id: string;
  /** Ids of the subnets. */
  readonly subnets: Record<SubnetName, string>;
  private readonly cidrs: Environment["network"]["subnets"];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: SystemNetworkProps,
  ) {
    super(scope, id);
    this.cidrs = props.environment.network.subnets;
    const network = this.createNetwork();
    this.id = network.id;
    this.subnets = {
      vault: this.createVaultSubnet(network).id,
      mysql: this.createMysqlSubnet(network).id,
      webApp: this.createWebAppSubnet(network).id,
      agents: this.createAgentSubnet(network).id,
    };
  }

  private createNetwork(): VirtualNetwork {
    const { environment, resourceGroup } = this.props;
    return new VirtualNetwork(this, "virtual-network", {
      name: resourceName("vnet", environment.name, "vault"),
      resourceGroupName: resourceGroup,
      location: environment.location,
      addressSpace: [environment.network.addressSpace],
    });
  }

  private createVaultSubnet(network: VirtualNetwork): SecuredSubnet {
    const { vault, webApp, agents } = this.cidrs;
    const { deployerRanges, clientRanges } = this.props.environment.network;
    return this.createSubnet(network, "vault", {
      serviceEndpoints: [keyVaultEndpoint],
      flows: [
        inbound("vault-from-web-app", webApp, vault, 8200),
        inbound("vault-from-agents", agents, vault, 8200),
        inbound("vault-between-nodes", vault, vault, 8200, 8201),
        ...[...deployerRanges, ...clientRanges].map(({ name, cidr }) =>
          inbound(`vault-from-${name}`, cidr, vault, 8200),
        ),
        ...this.sshInto(vault),
        outbound("vault-between-nodes-out", vault, vault, 8200, 8201),
        outbound("mysql", vault, this.cidrs.mysql, 3306),
        ...packagesAndAzure(vault),
      ],
    });
  }

  /** Outbound flows are the service's own (Azure documents Storage among them), so only inbound ones are named. */
  private createMysqlSubnet(network: VirtualNetwork): SecuredSubnet {
    const { vault, mysql, webApp, agents } = this.cidrs;
    return this.createSubnet(network, "mysql", {
      delegation: "Microsoft.DBforMySQL/flexibleServers",
      flows: [
        inbound("mysql-from-vault", vault, mysql, 3306),
        inbound("mysql-from-web-app", webApp, mysql, 3306),
        inbound("mysql-from-agents", agents, mysql, 3306),
        // A standby replicates inside the subnet.
        inbound("mysql-between-servers", mysql, mysql, 3306),
      ],
      refuseOther: ["Inbound"],
    });
  }

  /** Visitors do not come in here: this is App Service's way into the network. */
  private createWebAppSubnet(network: VirtualNetwork): SecuredSubnet {
    const { vault, mysql, webApp } = this.cidrs;
    return this.createSubnet(network, "webApp", {
      delegation: "Microsoft.Web/serverFarms",
      serviceEndpoints: [keyVaultEndpoint],
      flows: [
        outbound("vault", webApp, vault, 8200),
        outbound("mysql", webApp, mysql, 3306),
        outbound("telemetry", webApp, "AzureMonitor", 443),
        outbound("entra-id", webApp, "AzureActiveDirectory", 443),
        outbound("key-vault", webApp, "AzureKeyVault", 443),
      ],
    });
  }

  private createAgentSubnet(network: VirtualNetwork): SecuredSubnet {
    const { vault, mysql, agents } = this.cidrs;
    return this.createSubnet(network, "agents", {
      serviceEndpoints: [keyVaultEndpoint, storageEndpoint],
      flows: [
        ...this.sshInto(agents),
        outbound("vault", agents, vault, 8200),
        outbound("mysql", agents, mysql, 3306),
        ...packagesAndAzure(agents),
      ],
    });
  }

  private sshInto(subnet: string): AllowedFlow[] {
    return this.props.environment.network.sshRanges.map(({ name, cidr }: NamedRange) =>
      inbound(`ssh-from-${name}`, cidr, subnet, 22),
    );
  }

  private createSubnet(
    network: VirtualNetwork,
    name: SubnetName,
    props: Pick<SecuredSubnetProps, "flows" | "delegation" | "serviceEndpoints"> &
      Partial<Pick<SecuredSubnetProps, "refuseOther">>,
  ): SecuredSubnet {
    const { environment, resourceGroup } = this.props;
    return new SecuredSubnet(this, name, {
      name: name === "webApp" ? "web-app" : name,
      environment: environment.name,
      resourceGroup,
      location: environment.location,
      virtualNetwork: network.name,
      cidr: this.cidrs[name],
      refuseOther: ["Inbound", "Outbound"],
      ...props,
    });
  }
}

function inbound(name: string, from: string, to: string, ...ports: number[]): AllowedFlow {
  return { name, direction: "Inbound", from, to, ports };
}

function outbound(name: string, from: string, to: string, ...ports: number[]): AllowedFlow {
  return { name, direction: "Outbound", from, to, ports };
}

/** Ubuntu's mirrors speak plain HTTP and sign what they serve; the rest (HashiCorp, Key Vault, Entra, ARM) is HTTPS. */
function packagesAndAzure(from: string): AllowedFlow[] {
  return [outbound("packages-and-azure", from, "Internet", 80, 443)];
}
