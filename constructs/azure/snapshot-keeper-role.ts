import { RoleDefinition } from "@cdktf/provider-azurerm/lib/role-definition";
import { Construct } from "constructs";

export interface SnapshotKeeperRoleProps {
  environment: string;
  /** Azure id of the subscription that holds the definition. */
  subscriptionId: string;
}

/**
 * Making a new blob, and reading blobs, without being able to change or delete one: no built-in role does only that.
 * Source: Azure, permissions for calling data operations: Put Blob takes blobs/add/action for a blob that is not there yet.
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
        "Make and read blobs but not change or delete them: how Vault's nodes keep snapshots, and restore one.",
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
