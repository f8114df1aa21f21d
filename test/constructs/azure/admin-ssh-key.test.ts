import { AdminSshKey } from "../../../constructs/azure/admin-ssh-key";
import { synthesizeConstructs } from "../../synthesis";

describe("AdminSshKey", () => {
  const keys: AdminSshKey[] = [];
  const stack = synthesizeConstructs((scope) =>
    keys.push(new AdminSshKey(scope, "ssh", { keyVault: { id: "/kv" } })),
  );
  const key = stack.only("azurerm_key_vault_key");

  it("is created in Key Vault and cannot sign, so nobody can log in with its private half", () => {
    expect(key.attributes).toMatchObject({
      key_vault_id: "/kv",
      key_type: "RSA",
      key_size: 4096,
      key_opts: ["verify"],
    });
  });

  it("grants nobody a right on the key", () => {
    expect(stack.resources("azurerm_role_assignment")).toEqual([]);
  });

  it("returns only the public half", () => {
    const used = synthesizeConstructs((scope) => {
      const { publicKey } = new AdminSshKey(scope, "ssh", { keyVault: { id: "/kv" } });
      scope.addOverride("output.public_key.value", publicKey);
    });
    expect(used.outputs.get("public_key")).toBe(key.ref("public_key_openssh"));
  });
});
