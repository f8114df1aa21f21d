import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";

export interface VirtualMachineReaderProps {
  principalId: string;
  /** Azure id of the custom role Virtual Machine Reader. */
  roleId: string;
  /** Azure id of the resource group whose VMs log in to Vault. */
  resourceGroupId: string;
}

/** Lets Vault compare each login of its azure auth method with the VM that the login claims as its source. */
export class VirtualMachineReader extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { principalId, roleId, resourceGroupId }: VirtualMachineReaderProps,
  ) {
    super(scope, id);
    new RoleAssignment(this, "assignment", {
      scope: resourceGroupId,
      roleDefinitionId: roleId,
      principalId,
      principalType: "ServicePrincipal",
    });
  }
}
