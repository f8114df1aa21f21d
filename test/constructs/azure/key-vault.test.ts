import { KeyVault, type KeyVaultProps } from "../../../constructs/azure/key-vault";
import { synthesizeConstructs } from "../../synthesis";

const props: KeyVaultProps = {
  name: "kv-demo-abc123",
  resourceGroup: "rg",
  location: "westeurope",
  tenantId: "tenant",
  sku: "standard",
  allowedRanges: ["203.0.113.0/24", "10.50.0.0/24", "192.168.0.0/16", "198.51.100.16/28"],
  allowedSubnets: ["/subnet"],
  protect: true,
};

function stackOf(changes: Partial<KeyVaultProps> = {}) {
  return synthesizeConstructs((scope) => new KeyVault(scope, "vault", { ...props, ...changes }));
}

const keyVault = stackOf().only("azurerm_key_vault");

describe("KeyVault", () => {
  it("grants rights only by role assignments, and has no access policies", () => {
    expect(keyVault.get("rbac_authorization_enabled")).toBe(true);
    expect(keyVault.attributes).not.toHaveProperty("access_policy");
  });

  it("cannot be purged, and can be restored for 90 days after a deletion", () => {
    expect(keyVault.attributes).toMatchObject({
      purge_protection_enabled: true,
      soft_delete_retention_days: 90,
    });
  });

  it("admits only named networks, and not even Azure's own services", () => {
    expect(keyVault.get("network_acls")).toMatchObject({
      default_action: "Deny",
      bypass: "None",
      virtual_network_subnet_ids: ["/subnet"],
    });
  });

  it("leaves private ranges out of its firewall, which accepts only public ones", () => {
    expect(keyVault.get("network_acls")).toMatchObject({ ip_rules: ["198.51.100.16/28", "203.0.113.0/24"] });
  });

  it.each([
    ["networks", { allowedSubnets: [] }, undefined],
    ["subnets", { allowedRanges: ["10.50.0.0/24"] }, undefined],
    ["nobody", { allowedRanges: ["10.50.0.0/24"], allowedSubnets: [] }, false],
  ])("with a firewall for %s: has a public address only for somebody", (_, changes, expected) => {
    expect(stackOf(changes).only("azurerm_key_vault").get("public_network_access_enabled")).toBe(expected);
  });

  it("has a private endpoint if there is a place for it", () => {
    const zoneIds = { vault: "/zones/vault", blob: "/zones/blob" };
    const stack = stackOf({ privateEndpoints: { subnetId: "/subnets/endpoints", zoneIds } });
    expect(stack.only("azurerm_private_endpoint").attributes).toMatchObject({
      name: "pep-kv-demo-abc123",
      subnet_id: "/subnets/endpoints",
      private_service_connection: {
        private_connection_resource_id: stack.only("azurerm_key_vault").ref("id"),
        subresource_names: ["vault"],
      },
      private_dns_zone_group: { private_dns_zone_ids: ["/zones/vault"] },
    });
    expect(stackOf().resources("azurerm_private_endpoint")).toEqual([]);
  });

  it("does not give secrets to deployments of VMs or templates", () => {
    for (const attribute of [
      "enabled_for_deployment",
      "enabled_for_disk_encryption",
      "enabled_for_template_deployment",
    ]) {
      expect(keyVault.attributes).not.toHaveProperty(attribute);
    }
  });

  it.each([
    [true, { prevent_destroy: true }],
    [false, undefined],
  ])("refuses to be destroyed by Terraform when protected is %s", (protect, lifecycle) => {
    expect(stackOf({ protect }).only("azurerm_key_vault").get("lifecycle")).toEqual(lifecycle);
  });

  it("has no lock, because a lock would block the removal of a right on its secrets", () => {
    expect(stackOf().resources("azurerm_management_lock")).toEqual([]);
  });
});
