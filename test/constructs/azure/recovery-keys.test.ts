import { KeyVault } from "../../../constructs/azure/key-vault";
import { RecoveryKeys } from "../../../constructs/azure/recovery-keys";
import type { Principal } from "../../../environments/rules/people";
import { synthesizeConstructs } from "../../synthesis";

function recoveryKeys(readers: Principal[]) {
  return synthesizeConstructs((scope) => {
    const keyVault = new KeyVault(scope, "vault", {
      name: "kv",
      resourceGroup: "rg",
      location: "westeurope",
      tenantId: "tenant",
      sku: "standard",
      allowedRanges: [],
      allowedSubnets: [],
      protect: false,
    });
    new RecoveryKeys(scope, "recovery", {
      keyVault,
      writerRoleId: "/writer",
      vaultPrincipalId: "vault-principal",
      readers,
    });
  });
}

describe("RecoveryKeys", () => {
  it("lets Vault's identity write that one secret, with the role that cannot read", () => {
    const stack = recoveryKeys([]);
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_id: "/writer",
      principal_id: "vault-principal",
      principal_type: "ServicePrincipal",
      scope: `${stack.only("azurerm_key_vault").ref("id")}/secrets/vault-recovery-keys`,
    });
  });

  it("lets the named people read that one secret", () => {
    const stack = recoveryKeys([{ name: "Officers", objectId: "officers", type: "Group" }]);
    expect(stack.only("azurerm_role_assignment", "read-officers").attributes).toEqual({
      role_definition_name: "Key Vault Secrets User",
      principal_id: "officers",
      principal_type: "Group",
      scope: `${stack.only("azurerm_key_vault").ref("id")}/secrets/vault-recovery-keys`,
    });
  });

  it("is not a Terraform resource, because Terraform would read the keys at each refresh", () => {
    expect(recoveryKeys([]).resources("azurerm_key_vault_secret")).toEqual([]);
  });
});
