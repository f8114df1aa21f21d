import { KeyVault as AzurermKeyVault } from "@cdktf/provider-azurerm/lib/key-vault";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { skipChecks } from "../terraform/checkov-skips";
import { type PrivateEndpointNetwork, privateEndpointOf } from "./network/private-endpoint";
import { type AdmittedNetworks, serviceFirewall } from "./network/service-firewall";

export interface KeyVaultProps extends AdmittedNetworks {
  name: string;
  resourceGroup: string;
  location: string;
  tenantId: string;
  sku: "standard" | "premium";
  /** Creates a private endpoint there. */
  privateEndpoints?: PrivateEndpointNetwork;
  /** Makes Terraform refuse the deletion. */
  protect: boolean;
}

/**
 * A Key Vault with role assignments for its rights and a firewall for named networks. Nobody can purge it.
 * It has no CanNotDelete lock. A lock would also refuse to remove a right on the vault's contents, and so block the
 * removal of a workload. Source: azurerm issue 7668. A deleted vault can be restored for 90 days.
 */
export class KeyVault extends Construct {
  readonly id: string;
  readonly name: string;
  /** `https://<name>.<domain of Key Vault>/` */
  readonly uri: string;
  /** Its private endpoint, if it has one. Everything that happens inside the Key Vault depends on it. */
  readonly endpoint?: ITerraformDependable;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: KeyVaultProps,
  ) {
    super(scope, id);
    const keyVault = this.createKeyVault();
    this.endpoint = privateEndpointOf(this, keyVault.id, "vault", props);
    if (props.privateEndpoints === undefined) {
      skipChecks(keyVault, {
        CKV2_AZURE_32: "Its firewall admits only the subnets' service endpoints and the deployers' ranges.",
      });
    }
    this.id = keyVault.id;
    this.name = keyVault.name;
    this.uri = keyVault.vaultUri;
  }

  private createKeyVault(): AzurermKeyVault {
    const { name, resourceGroup, location, tenantId, sku, allowedSubnets, protect } = this.props;
    const { publicRanges, publicNetworkAccessEnabled } = serviceFirewall(this.props);
    return new AzurermKeyVault(this, "vault", {
      name,
      resourceGroupName: resourceGroup,
      location,
      tenantId,
      skuName: sku,
      rbacAuthorizationEnabled: true,
      purgeProtectionEnabled: true,
      softDeleteRetentionDays: 90,
      publicNetworkAccessEnabled,
      networkAcls: {
        defaultAction: "Deny",
        bypass: "None",
        ipRules: publicRanges,
        virtualNetworkSubnetIds: [...allowedSubnets],
      },
      lifecycle: protect ? { preventDestroy: true } : undefined,
    });
  }
}
