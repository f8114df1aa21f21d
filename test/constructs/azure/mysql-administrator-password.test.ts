import { MysqlAdministratorPassword } from "../../../constructs/azure/mysql-administrator-password";
import { synthesizeConstructs } from "../../synthesis";

describe("MysqlAdministratorPassword", () => {
  const stack = synthesizeConstructs((scope) => {
    const { secretName } = new MysqlAdministratorPassword(scope, "password", {
      keyVaultId: "/kv",
      version: 3,
    });
    scope.addOverride("output.name.value", secretName);
  });
  const secret = stack.only("azurerm_key_vault_secret");

  it("comes from an ephemeral resource, so no state contains it", () => {
    const generated = stack.onlyEphemeral("random_password");
    expect(stack.resources("random_password")).toEqual([]);
    expect(secret.get("value_wo")).toBe(`\${ephemeral.random_password.${generated.id}.result}`);
  });

  it("reaches Key Vault only by the write-only argument, and only when its version changes", () => {
    expect(secret.attributes).toMatchObject({ key_vault_id: "/kv", value_wo_version: 3 });
    expect(secret.attributes).not.toHaveProperty("value");
  });

  it("gets its name from the id that Azure returns, so nobody reads the secret before it exists", () => {
    expect(stack.outputs.get("name")).toBe(
      `\${basename(${secret.type}.${secret.id}.resource_versionless_id)}`,
    );
  });

  it("has three kinds of character, as Azure requires, and none that a connection string must escape", () => {
    expect(stack.onlyEphemeral("random_password").attributes).toEqual({
      length: 48,
      min_lower: 1,
      min_numeric: 1,
      min_upper: 1,
      special: false,
    });
  });
});
