import { UnsealKey } from "../../../constructs/azure/unseal-key";
import { synthesizeConstructs } from "../../synthesis";

const props = {
  keyVault: { id: "/kv" },
  hardware: false,
  vaultPrincipalId: "vault-principal",
  protect: true,
};

function unsealKey(changes: Partial<typeof props> = {}) {
  return synthesizeConstructs((stack) => new UnsealKey(stack, "unseal", { ...props, ...changes }));
}

describe("UnsealKey", () => {
  it("lets Vault's identity wrap and unwrap, only with that key", () => {
    const stack = unsealKey();
    const key = stack.only("azurerm_key_vault_key");
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_name: "Key Vault Crypto Service Encryption User",
      principal_id: "vault-principal",
      principal_type: "ServicePrincipal",
      scope: key.ref("resource_versionless_id"),
    });
  });

  it("is an RSA key that can only wrap and unwrap", () => {
    expect(unsealKey().only("azurerm_key_vault_key").attributes).toMatchObject({
      key_vault_id: "/kv",
      key_type: "RSA",
      key_size: 3072,
      key_opts: ["wrapKey", "unwrapKey"],
    });
  });

  it("is in hardware if requested", () => {
    expect(unsealKey({ hardware: true }).only("azurerm_key_vault_key").get("key_type")).toBe("RSA-HSM");
  });

  it.each([
    [true, { prevent_destroy: true }],
    [false, undefined],
  ])("refuses to be destroyed when protected is %s", (protect, lifecycle) => {
    expect(unsealKey({ protect }).only("azurerm_key_vault_key").get("lifecycle")).toEqual(lifecycle);
  });
});
