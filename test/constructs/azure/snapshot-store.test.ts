import { SnapshotKeeperRole } from "../../../constructs/azure/snapshot-keeper-role";
import { SnapshotStore, type SnapshotStoreProps } from "../../../constructs/azure/snapshot-store";
import { synthesizeConstructs } from "../../synthesis";

const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

it("SnapshotKeeperRole may create and read blobs, but neither change nor delete one", () => {
  const definition = synthesizeConstructs(
    (scope) =>
      new SnapshotKeeperRole(scope, "role", { environment: "demo", subscriptionId: "/subscriptions/s" }),
  ).only("azurerm_role_definition");
  expect(definition.attributes).toMatchObject({
    name: "Vault Snapshot Keeper (demo)",
    scope: "/subscriptions/s",
    assignable_scopes: ["/subscriptions/s"],
  });
  expect(definition.get("permissions")).toEqual([{ data_actions: [`${blobs}/add/action`, `${blobs}/read`] }]);
});

describe("SnapshotStore", () => {
  const props: SnapshotStoreProps = {
    name: "stdemosnapabc123",
    resourceGroup: "rg-demo-vault-snapshots",
    location: "westeurope",
    retentionDays: 30,
    replication: "ZRS",
    vaultSubnet: "/subnets/vault",
    keeperRoleId: "/roles/keeper",
    vaultPrincipalId: "vault",
    protect: true,
  };
  const synthesized = (changes: Partial<SnapshotStoreProps> = {}) =>
    synthesizeConstructs((scope) => new SnapshotStore(scope, "snapshots", { ...props, ...changes }));

  it("admits only Vault's subnet", () => {
    const account = synthesized().only("azurerm_storage_account");
    expect(account.get("network_rules")).toEqual({
      default_action: "Deny",
      bypass: ["None"],
      ip_rules: [],
      virtual_network_subnet_ids: ["/subnets/vault"],
    });
  });

  it("has only a private endpoint if there is a place for it, and no public address", () => {
    const zoneIds = { vault: "/zones/vault", blob: "/zones/blob" };
    const stack = synthesized({ privateEndpoints: { subnetId: "/subnets/endpoints", zoneIds } });
    const account = stack.only("azurerm_storage_account");
    expect(account.attributes).toMatchObject({
      public_network_access_enabled: false,
      network_rules: { default_action: "Deny", ip_rules: [], virtual_network_subnet_ids: [] },
    });
    expect(stack.only("azurerm_private_endpoint").attributes).toMatchObject({
      subnet_id: "/subnets/endpoints",
      private_service_connection: {
        private_connection_resource_id: account.ref("id"),
        subresource_names: ["blob"],
      },
      private_dns_zone_group: { private_dns_zone_ids: ["/zones/blob"] },
    });
    expect(synthesized().only("azurerm_storage_account").attributes).not.toHaveProperty(
      "public_network_access_enabled",
    );
  });

  it("gives Vault's identity the narrow role, only on the container", () => {
    const stack = synthesized();
    expect(stack.only("azurerm_role_assignment").attributes).toMatchObject({
      scope: `${stack.only("azurerm_storage_account").ref("id")}/blobServices/default/containers/snapshots`,
      role_definition_id: "/roles/keeper",
      principal_id: "vault",
    });
  });

  it("keeps each snapshot unchanged for its retention time, then deletes it", () => {
    const stack = synthesized();
    expect(stack.only("azurerm_storage_container_immutability_policy").attributes).toMatchObject({
      immutability_period_in_days: 30,
      locked: false,
    });
    expect(stack.only("azurerm_storage_management_policy").get("rule")).toEqual([
      {
        name: "old-snapshots",
        enabled: true,
        filters: { blob_types: ["blockBlob"], prefix_match: ["snapshots/"] },
        actions: {
          base_blob: { delete_after_days_since_creation_greater_than: 30 },
          version: { delete_after_days_since_creation: 30 },
        },
      },
    ]);
    expect(stack.only("azurerm_storage_account").get("lifecycle")).toEqual({ prevent_destroy: true });
  });

  it("can be deleted if the system's data need no protection", () => {
    const stack = synthesized({ protect: false });
    expect(stack.resources("azurerm_storage_container_immutability_policy")).toEqual([]);
    expect(stack.only("azurerm_storage_account").get("lifecycle")).toBeUndefined();
  });
});
