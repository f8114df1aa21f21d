import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { VirtualMachineExtension } from "@cdktf/provider-azurerm/lib/virtual-machine-extension";
import { Construct } from "constructs";
import type { Principal } from "../../environments/schema";
import { formerly } from "../terraform/formerly";

export interface EntraSshLoginProps {
  virtualMachineId: string;
  /** Who may log in, as root. */
  administrators: readonly Principal[];
}

/** Log-in by Entra ID (`az ssh vm`) for the named people. Needs a system-assigned identity on the VM. */
export class EntraSshLogin extends Construct {
  constructor(scope: Construct, id: string, { virtualMachineId, administrators }: EntraSshLoginProps) {
    super(scope, id);
    new VirtualMachineExtension(this, "extension", {
      name: "AADSSHLoginForLinux",
      virtualMachineId,
      publisher: "Microsoft.Azure.ActiveDirectory",
      type: "AADSSHLoginForLinux",
      typeHandlerVersion: "1.0",
      autoUpgradeMinorVersion: true,
    });
    for (const [index, { objectId, type }] of administrators.entries()) {
      const assignment = new RoleAssignment(this, `administrator-${objectId.toLowerCase()}`, {
        scope: virtualMachineId,
        roleDefinitionName: "Virtual Machine Administrator Login",
        principalId: objectId,
        principalType: type,
      });
      formerly(assignment, `administrator-${index}`);
    }
  }
}
