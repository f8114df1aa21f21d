import { VaultIdentity } from "../../../constructs/azure/vault-identity";
import { synthesizeConstructs } from "../../synthesis";

describe("VaultIdentity", () => {
  const stack = synthesizeConstructs(
    (scope) =>
      new VaultIdentity(scope, "identity", {
        name: "id-demo-vault",
        resourceGroup: "rg",
        location: "westeurope",
      }),
  );
  const identity = stack.only("azurerm_user_assigned_identity");

  it("is user-assigned, so it and its rights outlive each VM", () => {
    expect(identity.attributes).toEqual({
      name: "id-demo-vault",
      resource_group_name: "rg",
      location: "westeurope",
    });
  });

  it("has no right by default", () => {
    expect(stack.resources("azurerm_role_assignment")).toEqual([]);
  });
});
