import { RoleDefinition } from "@cdktf/provider-azurerm/lib/role-definition";
import { Construct } from "constructs";

export interface RecoveryKeyWriterRoleProps {
  environment: string;
  /** Azure id of the subscription for the definition. */
  subscriptionId: string;
}

/**
 * A role that sets a Key Vault secret and sees whether it exists, but cannot read it. No built-in role does only
 * this. A cluster node with an empty disk must know whether the others already have recovery keys.
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
        "Set a Key Vault secret but not read it. Vault uses this to store its recovery keys at its first boot.",
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
