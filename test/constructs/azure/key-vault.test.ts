import { KeyVault } from "../../../constructs/azure/key-vault";
import { synthesizeConstructs } from "../../synthesis";

const props = {
  name: "kv-demo-abc123",
  resourceGroup: "rg",
  location: "westeurope",
  tenantId: "tenant",
  sku: "standard" as const,
  allowedRanges: ["203.0.113.0/24", "10.50.0.0/24", "192.168.0.0/16", "198.51.100.16/28"],
  allowedSubnets: ["/subnet"],
  protect: true,
};

function stackOf(changes: Partial<typeof props> = {}) {
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
