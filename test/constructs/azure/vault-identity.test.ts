import { VaultIdentity } from "../../../constructs/azure/vault-identity";
import { synthesizeConstructs } from "../../synthesis";

describe("VaultIdentity", () => {
  const stack = synthesizeConstructs(
    (scope) =>
      new VaultIdentity(scope, "identity", {
        name: "id-demo-vault",
        resourceGroup: "rg",
        location: "westeurope",
        reads: { roleId: "/reader", resourceGroupId: "/rg" },
      }),
  );
  const identity = stack.only("azurerm_user_assigned_identity");

  it("is user-assigned, so that it outlives each VM and its rights do too", () => {
    expect(identity.attributes).toEqual({
      name: "id-demo-vault",
      resource_group_name: "rg",
      location: "westeurope",
    });
  });

  it("may read the VMs of that resource group, and has no other right of its own", () => {
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_id: "/reader",
      principal_id: identity.ref("principal_id"),
      principal_type: "ServicePrincipal",
      scope: "/rg",
    });
  });
});
