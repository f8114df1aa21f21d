import { UserAssignedIdentity } from "@cdktf/provider-azurerm/lib/user-assigned-identity";
import { Construct } from "constructs";

export interface VaultIdentityProps {
  name: string;
  resourceGroup: string;
  location: string;
}

/** The identity that all Vault nodes share. It outlives each VM, so its rights do too. */
export class VaultIdentity extends Construct {
  readonly id: string;
  readonly clientId: string;
  readonly principalId: string;

  constructor(scope: Construct, id: string, { name, resourceGroup, location }: VaultIdentityProps) {
    super(scope, id);
    const identity = new UserAssignedIdentity(this, "identity", {
      name,
      resourceGroupName: resourceGroup,
      location,
    });
    this.id = identity.id;
    this.clientId = identity.clientId;
    this.principalId = identity.principalId;
  }
}
