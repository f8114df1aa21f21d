import { actionOf, attributeChanges, type Plan, type ResourceChange } from "../plan-summary/plan-json";

/** A node of Vault's cluster, and a plan's changes to it. */
export interface NodeChange {
  /** Raft's name of the node, such as vault-2. */
  readonly name: string;
  /** Addresses of this node's resources that the plan changes. */
  readonly addresses: readonly string[];
  /** True if its VM stops: for another size, image, zone or disk. */
  readonly stops: boolean;
  /** True if the plan deletes its VM permanently. */
  readonly leaves: boolean;
}

/** The number in azurerm_linux_virtual_machine.node-2_vm_machine, in the load balancer's load-balancer_node-2, and in the node's DNS record. */
const nodeIn = /[._](?:node|private-name-vault)-(\d+)(?=_|$)/;

const machine = "azurerm_linux_virtual_machine.";
const stopping = [machine, "azurerm_managed_disk.", "azurerm_virtual_machine_data_disk_attachment."];

/** Arguments that Azure can change while a VM runs. Source: azurerm, linux_virtual_machine_resource.go. */
const live = ["tags", "user_data", "identity"];

/** Returns the changes of a plan of vault-server to the existing nodes. Empty if there is only one node. */
export function clusterChanges(stack: string, plan: Plan): NodeChange[] {
  if (stack !== "vault-server") return [];
  const changes = (plan.resource_changes ?? []).filter(({ mode }) => mode === "managed");
  const machines = changes.filter(
    ({ address, change }) =>
      address.startsWith(machine) && nodeIn.test(address) && actionOf(change) !== "added",
  );
  if (machines.length < 2) return [];
  return machines.map(({ address, change }) => {
    const number = numberOf(address);
    const own = changes.filter((it) => numberOf(it.address) === number && actionOf(it.change));
    const leaves = actionOf(change) === "destroyed";
    return {
      name: `vault-${number}`,
      addresses: own.map((it) => it.address),
      stops: !leaves && own.some(stops),
      leaves,
    };
  });
}

const numberOf = (address: string): string | undefined => nodeIn.exec(address)?.[1];

function stops({ address, change }: ResourceChange): boolean {
  if (!stopping.some((type) => address.startsWith(type))) return false;
  const action = actionOf(change);
  if (action === "replaced" || action === "destroyed") return true;
  return action === "changed" && attributeChanges(change).some(({ name }) => !live.includes(name));
}
