import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import type { Deployer } from "../../environments/rules/people";
import { formerly } from "../terraform/formerly";

export interface DeployerDataAccessProps {
  deployers: readonly Deployer[];
  /** Object id behind `signed-in-user`. */
  signedInObjectId: string;
  /** Azure id of the resource group with the main Key Vault and the package store. */
  resourceGroupId: string;
}

const roles = [
  "Key Vault Crypto Officer",
  "Key Vault Certificates Officer",
  "Key Vault Secrets Officer",
  "Storage Blob Data Contributor",
];

/**
 * Lets the deployers create the unseal key, the TLS certificate and the MySQL password in Key Vault, and push the
 * application's package for the VMs.
 * An assignment takes minutes to work. So an earlier stack grants the rights, on the resource group. The recovery
 * keys are in another resource group, where deployers have no rights.
 * The deployer's object id identifies an assignment. So a change of the list does not touch the rights of the others.
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
          // Azure finds out the type of the signed-in principal.
          principalType: signedIn ? undefined : type,
        });
        // The environment may name `signed-in-user` only if it names nobody else. That person gets a named assignment
        // when others join.
        const nameless = index === 0 && !signedIn ? [`${name}-signed-in-user`] : [];
        formerly(assignment, `${name}-${index}`, ...nameless);
      }
    }
  }
}
