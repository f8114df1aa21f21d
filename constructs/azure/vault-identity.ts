import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { UserAssignedIdentity } from "@cdktf/provider-azurerm/lib/user-assigned-identity";
import { Construct } from "constructs";

export interface VaultIdentityProps {
  name: string;
  resourceGroup: string;
  location: string;
  /** Azure id of the custom role Virtual Machine Reader. */
  virtualMachineReaderRoleId: string;
  /** Azure id of the resource group whose VMs log in to Vault. */
  virtualMachinesScope: string;
}

/** The identity that all Vault nodes share: it outlives each VM, so the rights given to it do too. */
export class VaultIdentity extends Construct {
  readonly id: string;
  readonly clientId: string;
  readonly principalId: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: VaultIdentityProps,
  ) {
    super(scope, id);
    const identity = this.createIdentity();
    this.allowReadingVirtualMachines(identity);
    this.id = identity.id;
    this.clientId = identity.clientId;
    this.principalId = identity.principalId;
  }

  private createIdentity(): UserAssignedIdentity {
    const { name, resourceGroup, location } = this.props;
    return new UserAssignedIdentity(this, "identity", { name, resourceGroupName: resourceGroup, location });
  }

  /** The azure auth method compares each login with the VM that it claims to come from. */
  private allowReadingVirtualMachines(identity: UserAssignedIdentity): void {
    new RoleAssignment(this, "read-virtual-machines", {
      scope: this.props.virtualMachinesScope,
      roleDefinitionId: this.props.virtualMachineReaderRoleId,
      principalId: identity.principalId,
      principalType: "ServicePrincipal",
    });
  }
}
