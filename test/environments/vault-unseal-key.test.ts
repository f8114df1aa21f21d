import { namesInKeyId } from "../../environments/rules/vault-unseal-key";

it("A key's Azure id has the names of its Key Vault and of the key", () => {
  const id = `/subscriptions/${"4".repeat(36)}/resourceGroups/rg-vault/providers/Microsoft.KeyVault/vaults/kv-demo-1/keys/vault-unseal`;
  expect(namesInKeyId(id)).toEqual({ keyVaultName: "kv-demo-1", keyName: "vault-unseal" });
});
