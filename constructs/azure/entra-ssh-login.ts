import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { VirtualMachineExtension } from "@cdktf/provider-azurerm/lib/virtual-machine-extension";
import { Construct } from "constructs";
import type { Principal } from "../../environments/rules/people";
import { formerly } from "../terraform/formerly";

export interface EntraSshLoginProps {
  virtualMachineId: string;
  /** The people who may log in as root. */
  administrators: readonly Principal[];
}

/** Lets the named people log in with Entra ID (`az ssh vm`). The VM needs a system-assigned identity. */
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
