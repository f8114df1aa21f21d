import { EntraSshLogin } from "../../../constructs/azure/entra-ssh-login";
import type { Principal } from "../../../environments/schema";
import { synthesizeConstructs } from "../../synthesis";

function login(administrators: Principal[]) {
  return synthesizeConstructs(
    (scope) => new EntraSshLogin(scope, "login", { virtualMachineId: "/vm", administrators }),
  );
}

describe("EntraSshLogin", () => {
  it("installs Microsoft's extension for logging in by Entra ID, without settings that hold a secret", () => {
    expect(login([]).only("azurerm_virtual_machine_extension").attributes).toEqual({
      name: "AADSSHLoginForLinux",
      publisher: "Microsoft.Azure.ActiveDirectory",
      type: "AADSSHLoginForLinux",
      type_handler_version: "1.0",
      auto_upgrade_minor_version: true,
      virtual_machine_id: "/vm",
    });
  });

  it("lets nobody in unless the environment names somebody", () => {
    expect(login([]).resources("azurerm_role_assignment")).toEqual([]);
  });

  it("lets the named people log in as root, on that VM alone", () => {
    const stack = login([{ name: "Operators", objectId: "operators", type: "Group" }]);
    expect(stack.only("azurerm_role_assignment").attributes).toEqual({
      role_definition_name: "Virtual Machine Administrator Login",
      principal_id: "operators",
      principal_type: "Group",
      scope: "/vm",
    });
  });
});
