import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { changed, type SynthesizedStack, sharedSystem, synthesizeSystem } from "../synthesis";
import { readable } from "./readable";

describe("stack mysql", () => {
  it.each(["demo", "production"])("of %s", (environment) => {
    const stack = sharedSystem(loadEnvironment(environment)).get("mysql");
    expect(stack && readable(stack)).toMatchSnapshot();
  });

  function stackOf(change: (environment: Environment) => void): SynthesizedStack {
    const stacks = synthesizeSystem(changed(loadEnvironment("demo"), change));
    return stacks.get("mysql") as SynthesizedStack;
  }

  it("generates the administrator's password, stores it in Key Vault, and reads it from there", () => {
    const stack = stackOf(({ mysql }) => {
      mysql.passwordVersion = 7;
    });
    const secret = stack.only("azurerm_key_vault_secret");
    const kept = stack.onlyEphemeral("azurerm_key_vault_secret");
    const generated = stack.onlyEphemeral("random_password");
    expect(secret.attributes).toMatchObject({
      value_wo: `\${ephemeral.random_password.${generated.id}.result}`,
      value_wo_version: 7,
    });
    // References an attribute that the secret has only after the write, so nobody reads it earlier.
    expect(kept.get("name")).toBe(`\${basename(${secret.type}.${secret.id}.resource_versionless_id)}`);
    expect(stack.only("azurerm_mysql_flexible_server").attributes).toMatchObject({
      administrator_password_wo: `\${ephemeral.azurerm_key_vault_secret.${kept.id}.value}`,
      administrator_password_wo_version: 7,
    });
  });

  it.each([true, false])("protects server and database when protectData is %s", (protectData) => {
    const stack = stackOf((environment) => {
      environment.protectData = protectData;
    });
    const kept = stack
      .resources()
      .filter((one) => JSON.stringify(one.get("lifecycle") ?? {}).includes("prevent_destroy"));
    expect(kept).toHaveLength(protectData ? 2 : 0);
    expect(stack.resources("azurerm_management_lock")).toHaveLength(protectData ? 1 : 0);
  });
});
