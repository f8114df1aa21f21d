import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import type { Deployer } from "../../environments/schema";

export interface DeployerKeyVaultAccessProps {
  deployers: readonly Deployer[];
  /** Object id that stands behind `signed-in-user`. */
  signedInObjectId: string;
  /** Azure id of the resource group of the Key Vault in which deployers make keys, certificates and secrets. */
  resourceGroupId: string;
}

/**
 * Lets the deployers make the unseal key, the TLS certificate and the MySQL password in Key Vault.
 * Granted on the resource group and in an earlier stack than the Key Vault, since an assignment takes minutes to
 * work. The recovery keys are in another resource group, where deployers hold nothing.
 */
export class DeployerKeyVaultAccess extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { deployers, signedInObjectId, resourceGroupId }: DeployerKeyVaultAccessProps,
  ) {
    super(scope, id);
    for (const [index, { objectId, type }] of deployers.entries()) {
      const signedIn = objectId === "signed-in-user";
      for (const kind of ["Crypto", "Certificates", "Secrets"]) {
        new RoleAssignment(this, `${kind.toLowerCase()}-officer-${index}`, {
          scope: resourceGroupId,
          roleDefinitionName: `Key Vault ${kind} Officer`,
          principalId: signedIn ? signedInObjectId : objectId,
          // Azure finds out by itself what the signed-in principal is.
          principalType: signedIn ? undefined : type,
        });
      }
    }
  }
}
