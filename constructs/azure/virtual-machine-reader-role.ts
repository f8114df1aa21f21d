import { RoleDefinition } from "@cdktf/provider-azurerm/lib/role-definition";
import { Construct } from "constructs";

export interface VirtualMachineReaderRoleProps {
  environment: string;
  /** Azure id of the subscription for the definition. */
  subscriptionId: string;
  /** GUIDs of further subscriptions in which the role can be assigned. */
  additionalSubscriptions: readonly string[];
}

/**
 * The role with which Vault's identity checks logins with `azure`. It can only read VMs and scale sets.
 * Source: Vault's documentation of the azure auth method.
 */
export class VirtualMachineReaderRole extends Construct {
  /** Azure id of the definition, for role assignments. */
  readonly id: string;

  constructor(scope: Construct, id: string, props: VirtualMachineReaderRoleProps) {
    super(scope, id);
    this.id = this.createDefinition(props).roleDefinitionResourceId;
  }

  /** Names of custom roles are unique in a tenant, so the name includes the environment. */
  private createDefinition({
    environment,
    subscriptionId,
    additionalSubscriptions,
  }: VirtualMachineReaderRoleProps) {
    return new RoleDefinition(this, "definition", {
      name: `Virtual Machine Reader (${environment})`,
      description:
        "Read virtual machines and scale sets. Vault uses this to check logins of its azure auth method.",
      scope: subscriptionId,
      assignableScopes: [subscriptionId, ...additionalSubscriptions.map((guid) => `/subscriptions/${guid}`)],
      permissions: [
        {
          actions: [
            "Microsoft.Compute/virtualMachines/*/read",
            "Microsoft.Compute/virtualMachineScaleSets/*/read",
          ],
        },
      ],
    });
  }
}
