import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import type { Deployer } from "../../environments/schema";
import { formerly } from "../terraform/formerly";

export interface DeployerDataAccessProps {
  deployers: readonly Deployer[];
  /** Object id that stands behind `signed-in-user`. */
  signedInObjectId: string;
  /** Azure id of the resource group of what they fill: the main Key Vault, and the package store. */
  resourceGroupId: string;
}

const roles = [
  "Key Vault Crypto Officer",
  "Key Vault Certificates Officer",
  "Key Vault Secrets Officer",
  "Storage Blob Data Contributor",
];

/**
 * Lets the deployers make the unseal key, the TLS certificate and the MySQL password in Key Vault, and push the
 * application's package for the VMs. Granted on the resource group and in an earlier stack than these, since an assignment
 * takes minutes to work. The recovery keys are in another resource group, where deployers hold nothing.
 * An assignment is known by the deployer's object id: a change of the list leaves the rights of all others alone.
 */
export class DeployerDataAccess extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { deployers, signedInObjectId, resourceGroupId }: DeployerDataAccessProps,
  ) {
    super(scope, id);
    for (const [index, { objectId, type }] of deployers.entries()) {
      const signedIn = objectId === "signed-in-user";
      for (const role of roles) {
        const name = role.toLowerCase().replaceAll(" ", "-");
        const assignment = new RoleAssignment(this, `${name}-${objectId.toLowerCase()}`, {
          scope: resourceGroupId,
          roleDefinitionName: role,
          principalId: signedIn ? signedInObjectId : objectId,
          // Azure finds out by itself what the signed-in principal is.
          principalType: signedIn ? undefined : type,
        });
        // Whoever is signed in can be meant only where nobody else is, and is named once others come.
        const nameless = index === 0 && !signedIn ? [`${name}-signed-in-user`] : [];
        formerly(assignment, `${name}-${index}`, ...nameless);
      }
    }
  }
}
