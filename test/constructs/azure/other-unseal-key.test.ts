import { OtherUnsealKey } from "../../../constructs/azure/other-unseal-key";
import { synthesizeConstructs } from "../../synthesis";

const keyId =
  "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-first-vault/providers/Microsoft.KeyVault/vaults/kv-first-abc123/keys/vault-unseal";

it("OtherUnsealKey lets Vault's identity wrap and unwrap with another environment's key, only with that key", () => {
  const names: string[] = [];
  const stack = synthesizeConstructs((scope) => {
    const key = new OtherUnsealKey(scope, "other", { keyId, vaultPrincipalId: "vault-principal" });
    names.push(key.keyVaultName, key.name);
  });
  expect(names).toEqual(["kv-first-abc123", "vault-unseal"]);
  expect(stack.only("azurerm_role_assignment").attributes).toEqual({
    role_definition_name: "Key Vault Crypto Service Encryption User",
    principal_id: "vault-principal",
    principal_type: "ServicePrincipal",
    scope: keyId,
  });
});
