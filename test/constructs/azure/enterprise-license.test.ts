import { EnterpriseLicense } from "../../../constructs/azure/enterprise-license";
import { KeyVault } from "../../../constructs/azure/key-vault";
import { synthesizeConstructs } from "../../synthesis";

describe("EnterpriseLicense", () => {
  const stack = synthesizeConstructs((scope) => {
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
    const license = new EnterpriseLicense(scope, "license", {
      keyVault,
      vaultPrincipalId: "vault-principal",
    });
    scope.addOverride("output.url.value", license.secretUrl);
  });
  const keyVault = stack.only("azurerm_key_vault");

  it("lets Vault's identity read that one secret", () => {
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_name: "Key Vault Secrets User",
      principal_id: "vault-principal",
      principal_type: "ServicePrincipal",
      scope: `${keyVault.ref("id")}/secrets/vault-license`,
    });
  });

  it("has no resource: a person creates it, so no state contains the licence", () => {
    expect(stack.resources("azurerm_key_vault_secret")).toEqual([]);
    expect(stack.data()).toEqual([]);
  });

  it("reaches the VM as an address without a version", () => {
    expect(stack.outputs.get("url")).toBe(`${keyVault.ref("vault_uri")}secrets/vault-license`);
  });
});
