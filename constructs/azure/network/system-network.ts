import { VirtualNetwork } from "@cdktf/provider-azurerm/lib/virtual-network";
import { Construct } from "constructs";
import { disjoint, halves, isPublic } from "../../../environments/addresses";
import type { NamedRange } from "../../../environments/rules/network-access";
import type { Environment } from "../../../environments/schema";
import { resourceName } from "../resource-names";
import { SecuredSubnet, type SecuredSubnetProps } from "./secured-subnet";
import type { AllowedFlow } from "./security-group";

export interface SystemNetworkProps {
  environment: Environment;
  resourceGroup: string;
}

/** Key of a subnet's range in the environment file. */
type SubnetName = Exclude<keyof Environment["network"]["subnets"], "privateEndpoints">;

/** The halves of the range `privateEndpoints`. Workloads reach the first half. Only Vault and deployers reach `restrictedEndpoints`. */
type EndpointSubnet = "privateEndpoints" | "restrictedEndpoints";

/** Names of subnets in Azure that differ from their keys. */
const azureNames: Partial<Record<SubnetName, string>> & Record<EndpointSubnet, string> = {
  webApp: "web-app",
  privateEndpoints: "private-endpoints",
  restrictedEndpoints: "restricted-endpoints",
};

const keyVaultEndpoint = "Microsoft.KeyVault";
const storageEndpoint = "Microsoft.Storage";

/**
 * The virtual network and its subnets. Each subnet admits exactly the flows that the system needs.
 * Each list of ranges is one security rule, so a change of the list changes one rule and no priority.
 * Priorities end in 5, because versions of this project before 0.2 used multiples of 10. An upgrade deletes the old
 * rules and creates the new ones in any order, and Azure never allows two rules with one number.
 */
export class SystemNetwork extends Construct {
  readonly id: string;
  /** Ids of the subnets. */
  readonly subnets: Record<SubnetName, string>;
  /** Ids of the subnets for private endpoints. Undefined if the environment has none. */
  readonly endpointSubnets?: Readonly<Record<EndpointSubnet, string>>;
  private readonly cidrs: Environment["network"]["subnets"];
  private readonly endpointCidrs?: Readonly<Record<EndpointSubnet, string>>;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: SystemNetworkProps,
  ) {
    super(scope, id);
    this.cidrs = props.environment.network.subnets;
    if (this.cidrs.privateEndpoints !== undefined) {
      const [privateEndpoints, restrictedEndpoints] = halves(this.cidrs.privateEndpoints);
      this.endpointCidrs = { privateEndpoints, restrictedEndpoints };
    }
    const network = this.createNetwork();
    this.id = network.id;
    this.subnets = {
      vault: this.createVaultSubnet(network).id,
      mysql: this.createMysqlSubnet(network).id,
      webApp: this.createWebAppSubnet(network).id,
      agents: this.createAgentSubnet(network).id,
    };
    this.endpointSubnets = this.endpointCidrs && this.createEndpointSubnets(network, this.endpointCidrs);
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
    const { environment } = this.props;
    const { deployerRanges, clientRanges, sshRanges } = environment.network;
    return this.createSubnet(network, "vault", vault, {
      serviceEndpoints: environment.vault.snapshots.enabled
        ? [keyVaultEndpoint, storageEndpoint]
        : [keyVaultEndpoint],
      flows: [
        inbound(105, "vault-from-web-app", webApp, vault, 8200),
        inbound(115, "vault-from-agents", agents, vault, 8200),
        inbound(125, "vault-between-nodes", vault, vault, 8200, 8201),
        // A cluster's load balancer probes the nodes from 168.63.129.16.
        ...(environment.vault.nodes > 1
          ? [inbound(135, "vault-from-probe", "AzureLoadBalancer", vault, 8200)]
          : []),
        ...fromRanges(205, "vault-from-deployers", deployerRanges, vault, 8200),
        ...fromRanges(215, "vault-from-clients", clientRanges, vault, 8200),
        ...fromRanges(225, "ssh", sshRanges, vault, 22),
        outbound(105, "vault-between-nodes-out", vault, vault, 8200, 8201),
        outbound(115, "mysql", vault, this.cidrs.mysql, 3306),
        packagesAndAzure(125, vault),
        ...this.toEndpoints(135, vault, "privateEndpoints"),
        ...this.toEndpoints(145, vault, "restrictedEndpoints"),
      ],
    });
  }

  /**
   * The service manages its own outbound flows (Azure documents Storage among them), so the rules name only inbound
   * ones.
   */
  private createMysqlSubnet(network: VirtualNetwork): SecuredSubnet {
    const { vault, mysql, webApp, agents } = this.cidrs;
    return this.createSubnet(network, "mysql", mysql, {
      delegation: "Microsoft.DBforMySQL/flexibleServers",
      // Azure adds this endpoint for the server's backups. Without it here, each plan would remove it.
      serviceEndpoints: [storageEndpoint],
      flows: [
        inbound(105, "mysql-from-vault", vault, mysql, 3306),
        inbound(115, "mysql-from-web-app", webApp, mysql, 3306),
        inbound(125, "mysql-from-agents", agents, mysql, 3306),
        // A standby replicates inside the subnet.
        inbound(135, "mysql-between-servers", mysql, mysql, 3306),
        // The load balancer of a server with a standby probes both from 168.63.129.16.
        inbound(145, "mysql-from-probe", "AzureLoadBalancer", mysql, 3306),
      ],
      refuseOther: ["Inbound"],
    });
  }

  /** App Service uses this subnet for its outbound traffic. Visitors do not come in here. */
  private createWebAppSubnet(network: VirtualNetwork): SecuredSubnet {
    const { vault, mysql, webApp } = this.cidrs;
    return this.createSubnet(network, "webApp", webApp, {
      delegation: "Microsoft.Web/serverFarms",
      serviceEndpoints: [keyVaultEndpoint],
      flows: [
        outbound(105, "vault", webApp, vault, 8200),
        outbound(115, "mysql", webApp, mysql, 3306),
        outbound(125, "telemetry", webApp, "AzureMonitor", 443),
        outbound(135, "entra-id", webApp, "AzureActiveDirectory", 443),
        outbound(145, "key-vault", webApp, "AzureKeyVault", 443),
        ...this.toEndpoints(155, webApp, "privateEndpoints"),
      ],
    });
  }

  private createAgentSubnet(network: VirtualNetwork): SecuredSubnet {
    const { vault, mysql, agents } = this.cidrs;
    return this.createSubnet(network, "agents", agents, {
      serviceEndpoints: [keyVaultEndpoint, storageEndpoint],
      flows: [
        ...fromRanges(105, "ssh", this.props.environment.network.sshRanges, agents, 22),
        outbound(105, "vault", agents, vault, 8200),
        outbound(115, "mysql", agents, mysql, 3306),
        packagesAndAzure(125, agents),
        ...this.toEndpoints(135, agents, "privateEndpoints"),
      ],
    });
  }

  /** Web apps need Vault's Key Vault. Agents need it and the package store. */
  private createEndpointSubnets(
    network: VirtualNetwork,
    { privateEndpoints, restrictedEndpoints }: Readonly<Record<EndpointSubnet, string>>,
  ): Record<EndpointSubnet, string> {
    const { webApp, agents } = this.cidrs;
    return {
      privateEndpoints: this.createEndpointSubnet(network, "privateEndpoints", privateEndpoints, [
        inbound(115, "https-from-web-app", webApp, privateEndpoints, 443),
        inbound(125, "https-from-agents", agents, privateEndpoints, 443),
      ]),
      restrictedEndpoints: this.createEndpointSubnet(network, "restrictedEndpoints", restrictedEndpoints, []),
    };
  }

  /** Private endpoints only answer. The rules hold for them because the subnet's network policies are enabled. */
  private createEndpointSubnet(
    network: VirtualNetwork,
    name: EndpointSubnet,
    cidr: string,
    fromWorkloads: readonly AllowedFlow[],
  ): string {
    const deployers = this.props.environment.network.deployerRanges.filter(({ cidr }) => !isPublic(cidr));
    return this.createSubnet(network, name, cidr, {
      flows: [
        inbound(105, "https-from-vault", this.cidrs.vault, cidr, 443),
        ...fromWorkloads,
        ...fromRanges(205, "https-from-deployers", deployers, cidr, 443),
      ],
    }).id;
  }

  /** Azure's service tags contain only public addresses. */
  private toEndpoints(priority: number, from: string, name: EndpointSubnet): AllowedFlow[] {
    if (this.endpointCidrs === undefined) return [];
    return [outbound(priority, azureNames[name], from, this.endpointCidrs[name], 443)];
  }

  private createSubnet(
    network: VirtualNetwork,
    name: SubnetName | EndpointSubnet,
    cidr: string,
    props: Pick<SecuredSubnetProps, "flows" | "delegation" | "serviceEndpoints"> &
      Partial<Pick<SecuredSubnetProps, "refuseOther">>,
  ): SecuredSubnet {
    const { environment, resourceGroup } = this.props;
    return new SecuredSubnet(this, name, {
      name: azureNames[name] ?? name,
      environment: environment.name,
      resourceGroup,
      location: environment.location,
      virtualNetwork: network.name,
      cidr,
      refuseOther: ["Inbound", "Outbound"],
      ...props,
    });
  }
}

function inbound(
  priority: number,
  name: string,
  from: AllowedFlow["from"],
  to: string,
  ...ports: number[]
): AllowedFlow {
  return { name, direction: "Inbound", priority, from, to, ports };
}

function outbound(priority: number, name: string, from: string, to: string, ...ports: number[]): AllowedFlow {
  return { name, direction: "Outbound", priority, from, to, ports };
}

/** Creates one rule for a whole list, or none for an empty list. */
function fromRanges(
  priority: number,
  name: string,
  ranges: readonly NamedRange[],
  to: string,
  port: number,
): AllowedFlow[] {
  if (ranges.length === 0) return [];
  return [inbound(priority, name, disjoint(ranges.map(({ cidr }) => cidr)), to, port)];
}

/**
 * Allows HTTP, because Ubuntu's mirrors serve signed packages over it. Everything else (HashiCorp, Key Vault, Entra,
 * ARM) uses HTTPS.
 */
function packagesAndAzure(priority: number, from: string): AllowedFlow {
  return outbound(priority, "packages-and-azure", from, "Internet", 80, 443);
}
