import { KeyVault as AzurermKeyVault } from "@cdktf/provider-azurerm/lib/key-vault";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { disjoint, isPublic } from "../../environments/addresses";
import { skipChecks } from "../terraform/checkov-skips";
import { PrivateEndpoint, type PrivateEndpointNetwork } from "./network/private-endpoint";

export interface KeyVaultProps {
  name: string;
  resourceGroup: string;
  location: string;
  tenantId: string;
  sku: "standard" | "premium";
  /** Networks outside Azure that may connect. The firewall accepts only public ones, so private ones are left out. */
  allowedRanges: readonly string[];
  /** Ids of subnets with the service endpoint Microsoft.KeyVault. */
  allowedSubnets: readonly string[];
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
    this.endpoint = this.createEndpoint(keyVault);
    this.id = keyVault.id;
    this.name = keyVault.name;
    this.uri = keyVault.vaultUri;
  }

  private createKeyVault(): AzurermKeyVault {
    const { name, resourceGroup, location, tenantId, sku, allowedRanges, allowedSubnets, protect } =
      this.props;
    const ipRules = disjoint(allowedRanges).filter(isPublic);
    return new AzurermKeyVault(this, "vault", {
      name,
      resourceGroupName: resourceGroup,
      location,
      tenantId,
      skuName: sku,
      rbacAuthorizationEnabled: true,
      purgeProtectionEnabled: true,
      softDeleteRetentionDays: 90,
      // Azure's default is true. A firewall that admits nobody needs no public address.
      publicNetworkAccessEnabled: ipRules.length + allowedSubnets.length > 0 ? undefined : false,
      networkAcls: {
        defaultAction: "Deny",
        bypass: "None",
        ipRules,
        virtualNetworkSubnetIds: [...allowedSubnets],
      },
      lifecycle: protect ? { preventDestroy: true } : undefined,
    });
  }

  private createEndpoint(keyVault: AzurermKeyVault): ITerraformDependable | undefined {
    const { name, resourceGroup, location, privateEndpoints: network } = this.props;
    if (network === undefined) {
      skipChecks(keyVault, {
        CKV2_AZURE_32: "Its firewall admits only the subnets' service endpoints and the deployers' ranges.",
      });
      return undefined;
    }
    const resourceId = keyVault.id;
    const props = { of: name, resourceGroup, location, resourceId, network };
    return new PrivateEndpoint(this, "private", { ...props, subresource: "vault" }).dependable;
  }
}
