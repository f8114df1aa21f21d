import { KeyVault as AzurermKeyVault } from "@cdktf/provider-azurerm/lib/key-vault";
import { Construct } from "constructs";
import { disjoint, isPublic } from "../../environments/addresses";
import { skipChecks } from "../terraform/checkov-skips";

export interface KeyVaultProps {
  name: string;
  resourceGroup: string;
  location: string;
  tenantId: string;
  sku: "standard" | "premium";
  /** Networks outside Azure that may connect; the firewall takes public ones only, so private ones are left out. */
  allowedRanges: readonly string[];
  /** Ids of subnets with the service endpoint Microsoft.KeyVault. */
  allowedSubnets: readonly string[];
  /** Refuse deletion in Terraform. */
  protect: boolean;
}

/**
 * A Key Vault whose rights are role assignments, which nobody can purge, closed to all but named networks.
 * No CanNotDelete lock: it would refuse to withdraw a right on what the vault holds too, and so the removal of a
 * workload. Source: azurerm issue 7668. What is deleted by hand can be restored for 90 days.
 */
export class KeyVault extends Construct {
  readonly id: string;
  readonly name: string;
  /** `https://<name>.vault.azure.net/` */
  readonly uri: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: KeyVaultProps,
  ) {
    super(scope, id);
    const keyVault = this.createKeyVault();
    skipChecks(keyVault, {
      CKV2_AZURE_32:
        "Its firewall admits the subnets' service endpoints and the deployers' ranges, and nothing else.",
    });
    this.id = keyVault.id;
    this.name = keyVault.name;
    this.uri = keyVault.vaultUri;
  }

  private createKeyVault(): AzurermKeyVault {
    const { name, resourceGroup, location, tenantId, sku, allowedRanges, allowedSubnets, protect } =
      this.props;
    return new AzurermKeyVault(this, "vault", {
      name,
      resourceGroupName: resourceGroup,
      location,
      tenantId,
      skuName: sku,
      rbacAuthorizationEnabled: true,
      purgeProtectionEnabled: true,
      softDeleteRetentionDays: 90,
      networkAcls: {
        defaultAction: "Deny",
        bypass: "None",
        ipRules: disjoint(allowedRanges).filter(isPublic),
        virtualNetworkSubnetIds: [...allowedSubnets],
      },
      lifecycle: protect ? { preventDestroy: true } : undefined,
    });
  }
}
