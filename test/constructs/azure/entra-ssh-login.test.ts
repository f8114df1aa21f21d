import { EntraSshLogin } from "../../../constructs/azure/entra-ssh-login";
import type { Principal } from "../../../environments/rules/people";
import { synthesizeConstructs } from "../../synthesis";

function login(administrators: Principal[]) {
  return synthesizeConstructs(
    (scope) => new EntraSshLogin(scope, "login", { virtualMachineId: "/vm", administrators }),
  );
}

describe("EntraSshLogin", () => {
  it("installs Microsoft's extension for the log-in with Entra ID, with no secret in its settings", () => {
    expect(login([]).only("azurerm_virtual_machine_extension").attributes).toEqual({
      name: "AADSSHLoginForLinux",
      publisher: "Microsoft.Azure.ActiveDirectory",
      type: "AADSSHLoginForLinux",
      type_handler_version: "1.0",
      auto_upgrade_minor_version: true,
      virtual_machine_id: "/vm",
    });
  });

  it("admits nobody if the environment names nobody", () => {
    expect(login([]).resources("azurerm_role_assignment")).toEqual([]);
  });

  it("lets the named people log in as root, only on that VM", () => {
    const stack = login([{ name: "Operators", objectId: "operators", type: "Group" }]);
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_name: "Virtual Machine Administrator Login",
      principal_id: "operators",
      principal_type: "Group",
      scope: "/vm",
    });
  });
});
