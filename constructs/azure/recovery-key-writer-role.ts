import { RoleDefinition } from "@cdktf/provider-azurerm/lib/role-definition";
import { Construct } from "constructs";

export interface RecoveryKeyWriterRoleProps {
  environment: string;
  /** Azure id of the subscription that holds the definition. */
  subscriptionId: string;
}

/**
 * Writing a Key Vault secret, and seeing whether it was written, without being able to read it back: no built-in role does only that.
 * A node of a cluster with an empty disk must know whether the others have recovery keys already.
 */
export class RecoveryKeyWriterRole extends Construct {
  /** Azure id of the definition, for role assignments. */
  readonly id: string;

  constructor(scope: Construct, id: string, props: RecoveryKeyWriterRoleProps) {
    super(scope, id);
    this.id = this.createDefinition(props).roleDefinitionResourceId;
  }

  private createDefinition({ environment, subscriptionId }: RecoveryKeyWriterRoleProps) {
    return new RoleDefinition(this, "definition", {
      name: `Vault Recovery Key Writer (${environment})`,
      description:
        "Set a Key Vault secret but not read it: how Vault hands over its recovery keys at its first boot.",
      scope: subscriptionId,
      assignableScopes: [subscriptionId],
      permissions: [
        {
          dataActions: [
            "Microsoft.KeyVault/vaults/secrets/setSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
          ],
        },
      ],
    });
  }
}
