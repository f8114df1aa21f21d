import { lossesOf, refuseDataLoss } from "../../../scripts/deployment/data-loss";
import type { Change } from "../../../scripts/plan-summary/plan-json";

function losses(stack: string, address: string, change: Partial<Change>) {
  return lossesOf(stack, {
    format_version: "1.2",
    resource_changes: [
      { address, mode: "managed", change: { actions: ["update"], before: {}, after: {}, ...change } },
    ],
  }).map(({ sentence }) => sentence);
}

const disk = "azurerm_managed_disk.node-1_data-disk_1";

describe("lossesOf", () => {
  it.each([
    ["deletes", ["delete"]],
    ["replaces", ["delete", "create"]],
    ["replaces", ["create", "delete"]],
  ])("names a resource with data that the plan %s (%j)", (verb, actions) => {
    expect(losses("vault-server", disk, { actions })).toEqual([
      expect.stringContaining(`The plan of vault-server ${verb} ${disk}`),
    ]);
  });

  it.each([
    ["azurerm_managed_disk.d", { disk_size_gb: 128 }, { disk_size_gb: 64 }],
    ["azurerm_mysql_flexible_server.s", { storage: [{ size_gb: 25 }] }, { storage: [{ size_gb: 20 }] }],
    ["azurerm_mysql_flexible_server.s", { backup_retention_days: 35 }, { backup_retention_days: 7 }],
    ["azurerm_log_analytics_workspace.w", { retention_in_days: 90 }, { retention_in_days: 30 }],
  ])("names a resource that the plan shrinks: %s, %j", (address, before, after) => {
    expect(losses("mysql", address, { before, after })).toEqual([
      expect.stringMatching(/makes .* smaller \(.* from \d+ to \d+\)/),
    ]);
  });

  it.each([
    ["a larger disk", disk, { before: { disk_size_gb: 64 }, after: { disk_size_gb: 128 } }],
    ["another tag", disk, { before: { tags: { days: "9" } }, after: { tags: { days: "1" } } }],
    ["a new disk", disk, { actions: ["create"], before: null, after: { disk_size_gb: 64 } }],
    ["one right less", "azurerm_role_assignment.read", { actions: ["delete"] }],
    ["a disk that Terraform forgets", disk, { actions: ["forget"] }],
  ])("allows %s", (_what, address, change) => {
    expect(losses("vault-server", address, change)).toEqual([]);
  });

  it("counts Vault's VM, whose disk has the audit log, but not an agent's VM", () => {
    const vm = "azurerm_linux_virtual_machine.vm";
    expect(losses("vault-server", vm, { actions: ["delete", "create"] })).toHaveLength(1);
    expect(losses("agent-vm", vm, { actions: ["delete"] })).toEqual([]);
  });

  it("counts transit keys, but not packages, because the next deployment pushes them again", () => {
    const deletion = { actions: ["delete"] };
    expect(losses("vault-config", "vault_transit_secret_backend_key.k", deletion)).toHaveLength(1);
    expect(losses("agent-vm", "azurerm_storage_account.packages", deletion)).toEqual([]);
  });
});

describe("refuseDataLoss", () => {
  const loss = { address: disk, sentence: "The plan deletes it" };

  it("prints a sentence with its cure for each resource whose loss nobody allowed", () => {
    expect(() => refuseDataLoss([loss], [])).toThrow(`If the data may be lost, add --allow-loss '${disk}'.`);
    expect(() => refuseDataLoss([loss], [`${disk}2`])).toThrow(disk);
    expect(() => refuseDataLoss([loss], [disk])).not.toThrow();
    expect(() => refuseDataLoss([], [])).not.toThrow();
  });
});
