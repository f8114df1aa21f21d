import { Lb } from "@cdktf/provider-azurerm/lib/lb";
import { LbBackendAddressPool } from "@cdktf/provider-azurerm/lib/lb-backend-address-pool";
import { LbProbe } from "@cdktf/provider-azurerm/lib/lb-probe";
import { LbRule } from "@cdktf/provider-azurerm/lib/lb-rule";
import { NetworkInterfaceBackendAddressPoolAssociation } from "@cdktf/provider-azurerm/lib/network-interface-backend-address-pool-association";
import { Construct } from "constructs";
import { resourceName } from "./resource-names";
import type { VaultNode } from "./vault-node";

export interface VaultLoadBalancerProps {
  environment: string;
  resourceGroup: string;
  location: string;
  subnetId: string;
  /** Availability zones of its address. */
  zones: readonly string[];
  nodes: readonly VaultNode[];
}

/** Name of the frontend address inside the load balancer. */
const frontend = "vault";

/**
 * The one private address of a cluster's nodes. It leads only to the active node. Vault's health endpoint answers 200
 * there, 429 on a standby, and 501 or 503 on a node that is not initialized or sealed. So a node that the others
 * cannot reach gets no requests, and no request takes a detour.
 * Azure probes each node every 5 s, its shortest interval, and trusts one answer. Existing flows continue when a node
 * fails its probe. Their clients get an error from Vault and connect again.
 *
 * Source: Vault's documentation, api-docs/system/health; Azure, load balancer health probes.
 */
export class VaultLoadBalancer extends Construct {
  readonly privateAddress: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: VaultLoadBalancerProps,
  ) {
    super(scope, id);
    const balancer = this.createBalancer();
    const pool = this.createPool(balancer);
    this.createRule(balancer, pool, this.createProbe(balancer));
    this.privateAddress = balancer.privateIpAddress;
  }

  private createBalancer(): Lb {
    const { environment, resourceGroup, location, subnetId, zones } = this.props;
    return new Lb(this, "balancer", {
      name: resourceName("lbi", environment, "vault"),
      resourceGroupName: resourceGroup,
      location,
      sku: "Standard",
      frontendIpConfiguration: [
        { name: frontend, subnetId, privateIpAddressAllocation: "Dynamic", zones: [...zones] },
      ],
    });
  }

  private createPool(balancer: Lb): LbBackendAddressPool {
    const pool = new LbBackendAddressPool(this, "pool", { name: "vault", loadbalancerId: balancer.id });
    for (const [index, { machine }] of this.props.nodes.entries()) {
      new NetworkInterfaceBackendAddressPoolAssociation(this, `node-${index + 1}`, {
        networkInterfaceId: machine.networkInterfaceId,
        ipConfigurationName: machine.ipConfigurationName,
        backendAddressPoolId: pool.id,
      });
    }
    return pool;
  }

  private createProbe(balancer: Lb): LbProbe {
    return new LbProbe(this, "probe", {
      name: "vault-active",
      loadbalancerId: balancer.id,
      protocol: "Https",
      port: 8200,
      requestPath: "/v1/sys/health",
      intervalInSeconds: 5,
      probeThreshold: 1,
      numberOfProbes: 1,
    });
  }

  private createRule(balancer: Lb, pool: LbBackendAddressPool, probe: LbProbe): void {
    new LbRule(this, "rule", {
      name: "vault",
      loadbalancerId: balancer.id,
      frontendIpConfigurationName: frontend,
      backendAddressPoolIds: [pool.id],
      probeId: probe.id,
      protocol: "Tcp",
      frontendPort: 8200,
      backendPort: 8200,
      // A connection that was idle too long ends with a reset, which clients notice.
      tcpResetEnabled: true,
      // The NAT gateway provides egress.
      disableOutboundSnat: true,
    });
  }
}
