import { RecoveryKeyWriterRole } from "../../../constructs/azure/recovery-key-writer-role";
import { synthesizeConstructs } from "../../synthesis";

describe("RecoveryKeyWriterRole", () => {
  const definition = synthesizeConstructs(
    (scope) =>
      new RecoveryKeyWriterRole(scope, "role", { environment: "demo", subscriptionId: "/subscriptions/s" }),
  ).only("azurerm_role_definition");

  it("can set a secret and see whether it exists, but cannot read or delete it", () => {
    expect(definition.get("permissions")).toEqual([
      {
        data_actions: [
          "Microsoft.KeyVault/vaults/secrets/setSecret/action",
          "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
      },
    ]);
  });

  it("is assignable only in this subscription", () => {
    expect(definition.attributes).toMatchObject({
      scope: "/subscriptions/s",
      assignable_scopes: ["/subscriptions/s"],
    });
  });

  it("has the environment in its name, which is unique in the tenant", () => {
    expect(definition.get("name")).toBe("Vault Recovery Key Writer (demo)");
  });
});
