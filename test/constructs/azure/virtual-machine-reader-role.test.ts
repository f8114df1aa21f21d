import { VirtualMachineReaderRole } from "../../../constructs/azure/virtual-machine-reader-role";
import { synthesizeConstructs } from "../../synthesis";

function definition(additionalSubscriptions: string[] = []) {
  return synthesizeConstructs(
    (scope) =>
      new VirtualMachineReaderRole(scope, "role", {
        environment: "demo",
        subscriptionId: "/subscriptions/s",
        additionalSubscriptions,
      }),
  ).only("azurerm_role_definition");
}

describe("VirtualMachineReaderRole", () => {
  it("can only read virtual machines and scale sets", () => {
    expect(definition().get("permissions")).toEqual([
      {
        actions: [
          "Microsoft.Compute/virtualMachines/*/read",
          "Microsoft.Compute/virtualMachineScaleSets/*/read",
        ],
      },
    ]);
  });

  it("is assignable in this subscription", () => {
    expect(definition().attributes).toMatchObject({
      scope: "/subscriptions/s",
      assignable_scopes: ["/subscriptions/s"],
    });
  });

  it("is assignable in further subscriptions that the environment names", () => {
    expect(definition(["11111111-1111-4111-8111-111111111111"]).get("assignable_scopes")).toEqual([
      "/subscriptions/s",
      "/subscriptions/11111111-1111-4111-8111-111111111111",
    ]);
  });

  it("has the environment in its name, which is unique in the tenant", () => {
    expect(definition().get("name")).toBe("Virtual Machine Reader (demo)");
  });
});
