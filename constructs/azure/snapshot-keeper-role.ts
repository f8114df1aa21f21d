import { RoleDefinition } from "@cdktf/provider-azurerm/lib/role-definition";
import { Construct } from "constructs";

export interface SnapshotKeeperRoleProps {
  environment: string;
  /** Azure id of the subscription that holds the definition. */
  subscriptionId: string;
}

/**
 * The role can create and read blobs, and cannot change or delete them. No built-in role does only this.
 * Source: Azure, permissions for calling data operations: Put Blob needs blobs/add/action for a new blob.
 */
export class SnapshotKeeperRole extends Construct {
  /** Azure id of the definition, for role assignments. */
  readonly id: string;

  constructor(scope: Construct, id: string, props: SnapshotKeeperRoleProps) {
    super(scope, id);
    this.id = this.createDefinition(props).roleDefinitionResourceId;
  }

  private createDefinition({ environment, subscriptionId }: SnapshotKeeperRoleProps) {
    return new RoleDefinition(this, "definition", {
      name: `Vault Snapshot Keeper (${environment})`,
      description:
        "Create and read blobs but not change or delete them. Vault's nodes use this to store and restore snapshots.",
      scope: subscriptionId,
      assignableScopes: [subscriptionId],
      permissions: [
        {
          dataActions: [
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
          ],
        },
      ],
    });
  }
}
