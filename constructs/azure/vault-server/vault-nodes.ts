import type { Construct } from "constructs";
import type { LinuxVm } from "../linux-vm";
import { VaultLoadBalancer } from "../vault-load-balancer";
import { PrivateName } from "./private-name";
import { nameOfNode } from "./vault-hosts";
import { VaultServerNode, type VaultServerNodeProps } from "./vault-server-node";

/** All Vault nodes, their names and alerts, and a cluster's load balancer. Returns the first node's VM. */
export function createVaultNodes(scope: Construct, props: VaultServerNodeProps): LinuxVm {
  const { vault } = props.environment;
  const first = new VaultServerNode(scope, 1, props);
  const others = Array.from(
    { length: vault.nodes - 1 },
    (_, index) => new VaultServerNode(scope, index + 2, props),
  );
  const nodes = [first, ...others];
  nameNodes(scope, nodes, props);
  props.watching?.measure(
    scope,
    "nodes",
    Object.fromEntries(nodes.map(({ machine }, index) => [nameOfNode(index + 1), machine.id])),
  );
  return first.machine;
}

/** Gives each node a name of its own, for its peers, and the active node Vault's name. */
function nameNodes(
  scope: Construct,
  nodes: readonly VaultServerNode[],
  { environment, network }: VaultServerNodeProps,
): void {
  const addresses = nodes.map(({ machine }) => machine.privateIpAddress);
  for (const [index, address] of addresses.entries()) {
    new PrivateName(scope, { network, name: nameOfNode(index + 1), address });
  }
  const [single = ""] = addresses;
  const address =
    nodes.length === 1
      ? single
      : new VaultLoadBalancer(scope, "load-balancer", {
          environment: environment.name,
          resourceGroup: network.resourceGroup.name,
          location: environment.location,
          subnetId: network.subnets.vault,
          zones: environment.vault.zones,
          nodes,
        }).privateAddress;
  new PrivateName(scope, { network, name: "vault", address });
}
