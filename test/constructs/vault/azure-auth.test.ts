import { AzureAuth, type AzureAuthRole } from "../../../constructs/vault/azure-auth";
import { azureClouds } from "../../../environments/azure-clouds";
import { synthesizeConstructs } from "../../synthesis";

const role: AzureAuthRole = {
  workload: "agent",
  policy: "agent",
  subscriptionId: "subscription",
  resourceGroup: "rg",
  principalIds: ["first-vm", "second-vm"],
  boundCidr: "10.20.4.0/24",
  tokenTtl: "30m",
  tokenMaxTtl: "1h",
};
const stack = synthesizeConstructs((scope) =>
  new AzureAuth(scope, "azure", { tenantId: "tenant", cloud: azureClouds.AzureCloud }).addRole(role),
);
const mount = stack.only("vault_auth_backend");

describe("AzureAuth", () => {
  it("limits leases to an hour, which is also the default", () => {
    expect(mount.attributes).toMatchObject({ type: "azure", path: "azure" });
    expect(mount.get("tune")).toMatchObject([{ default_lease_ttl: "1h", max_lease_ttl: "1h" }]);
  });

  it("uses the identity of Vault's own VM, with no client id and no secret", () => {
    expect(stack.only("vault_azure_auth_backend_config").attributes).toEqual({
      backend: mount.ref("path"),
      tenant_id: "tenant",
      resource: "https://management.azure.com/",
    });
  });

  it("admits only those VMs of that resource group, from their subnet, with one policy", () => {
    expect(stack.only("vault_azure_auth_backend_role").attributes).toEqual({
      backend: mount.ref("path"),
      role: "agent-role",
      bound_subscription_ids: ["subscription"],
      bound_resource_groups: ["rg"],
      bound_service_principal_ids: ["first-vm", "second-vm"],
      token_policies: ["agent"],
      token_bound_cidrs: ["10.20.4.0/24"],
      token_ttl: 1800,
      token_max_ttl: 3600,
    });
  });

  it("names principals in each role, because Vault's plugin refuses a login without them (since v0.21.0)", () => {
    const principals = stack.only("vault_azure_auth_backend_role").get("bound_service_principal_ids");
    expect(principals).not.toEqual([]);
    expect(principals).not.toContain("*");
  });
});
