import { clusterChanges } from "../../../scripts/deployment/cluster-changes";
import type { Change, ResourceChange } from "../../../scripts/plan-summary/plan-json";

const machineOf = (number: number) => `azurerm_linux_virtual_machine.node-${number}_vm_machine`;
const entry = (address: string, change: Partial<Change> = {}): ResourceChange => ({
  address,
  mode: "managed",
  change: { actions: ["no-op"], before: {}, after: {}, ...change },
});
const changed = (address: string, before: object, after: object): ResourceChange =>
  entry(address, { actions: ["update"], before, after });
const cluster = [1, 2, 3].map((number) => entry(machineOf(number)));
const changesOf = (...changes: ResourceChange[]) => {
  const others = cluster.filter(({ address }) => !changes.some((it) => it.address === address));
  return clusterChanges("vault-server", { format_version: "1.2", resource_changes: [...others, ...changes] });
};
const stopped = (...changes: ResourceChange[]) =>
  changesOf(...changes)
    .filter(({ stops }) => stops)
    .map(({ name }) => name);

describe("A plan's changes of a cluster's nodes", () => {
  it.each<[string, ResourceChange]>([
    ["another size", changed(machineOf(2), { size: "D2" }, { size: "D4" })],
    ["encryption at host", changed(machineOf(2), {}, { encryption_at_host_enabled: true })],
    ["another zone, or a new image", entry(machineOf(2), { actions: ["delete", "create"] })],
    [
      "a larger data disk",
      changed("azurerm_managed_disk.node-2_data-disk", { disk_size_gb: 8 }, { disk_size_gb: 16 }),
    ],
  ])("stop the node's VM for %s", (_, change) => {
    expect(stopped(change)).toEqual(["vault-2"]);
  });

  it.each<[string, ResourceChange]>([
    ["user data", changed(machineOf(2), { user_data: "a" }, { user_data: "b" })],
    ["tags", changed(machineOf(2), { tags: {} }, { tags: { a: "b" } })],
    ["one more right", entry("azurerm_role_assignment.node-2_read_assignment", { actions: ["create"] })],
    ["one more node", entry(machineOf(4), { actions: ["create"], before: null })],
  ])("stop no VM for %s", (_, change) => {
    expect(stopped(change)).toEqual([]);
  });

  it("name all changes of a node, and none of another node", () => {
    const own = [
      "azurerm_managed_disk.node-1_data-disk",
      "azurerm_network_interface_backend_address_pool_association.load-balancer_node-1",
      "azurerm_private_dns_a_record.private-name-vault-1",
    ];
    const changes = [...own, "azurerm_lb.load-balancer_balancer", "azurerm_managed_disk.node-12_data-disk"];
    const replaced = changes.map((address) => entry(address, { actions: ["delete", "create"] }));
    expect(changesOf(...replaced).find(({ name }) => name === "vault-1")?.addresses).toEqual(own);
  });

  it("name the nodes whose VMs are deleted", () => {
    const leaving = changesOf(entry(machineOf(3), { actions: ["delete"] })).filter(({ leaves }) => leaves);
    expect(leaving.map(({ name, stops }) => [name, stops])).toEqual([["vault-3", false]]);
  });

  it("are empty for a single node, and for another stack", () => {
    const plan = { format_version: "1.2", resource_changes: [entry(machineOf(1), { actions: ["delete"] })] };
    expect(clusterChanges("vault-server", plan)).toEqual([]);
    expect(clusterChanges("agent-vm", { ...plan, resource_changes: cluster })).toEqual([]);
  });
});
