import { UserAssignedIdentity } from "@cdktf/provider-azurerm/lib/user-assigned-identity";
import { Construct } from "constructs";
import { VirtualMachineReader, type VirtualMachineReaderProps } from "./virtual-machine-reader";

export interface VaultIdentityProps {
  name: string;
  resourceGroup: string;
  location: string;
  /** How Vault may read the VMs that log in. */
  reads: Omit<VirtualMachineReaderProps, "principalId">;
}

/** The identity that all Vault nodes share: it outlives each VM, so the rights given to it do too. */
export class VaultIdentity extends Construct {
  readonly id: string;
  readonly clientId: string;
  readonly principalId: string;

  constructor(scope: Construct, id: string, { name, resourceGroup, location, reads }: VaultIdentityProps) {
    super(scope, id);
    const identity = new UserAssignedIdentity(this, "identity", {
      name,
      resourceGroupName: resourceGroup,
      location,
    });
    new VirtualMachineReader(this, "read-virtual-machines", { principalId: identity.principalId, ...reads });
    this.id = identity.id;
    this.clientId = identity.clientId;
    this.principalId = identity.principalId;
  }
}
