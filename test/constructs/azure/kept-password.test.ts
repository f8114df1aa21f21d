import { KeptPassword } from "../../../constructs/azure/kept-password";
import { synthesizeConstructs } from "../../synthesis";

describe("KeptPassword", () => {
  const stack = synthesizeConstructs((scope) => {
    const { value } = new KeptPassword(scope, "kept", {
      keyVaultId: "/kv",
      secretName: "mysql-administrator",
    });
    scope.addOverride("output.value.value", value);
  });

  it("reads the secret as an ephemeral value, which no state and no plan contains", () => {
    expect(stack.onlyEphemeral("azurerm_key_vault_secret").attributes).toEqual({
      key_vault_id: "/kv",
      name: "mysql-administrator",
    });
    expect(stack.outputs.get("value")).toBe("${ephemeral.azurerm_key_vault_secret.kept.value}");
  });

  it("is not a data source, whose value the state would contain", () => {
    expect(stack.data()).toEqual([]);
  });
});
