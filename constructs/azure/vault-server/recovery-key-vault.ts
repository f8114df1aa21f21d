import { ResourceGroup } from "@cdktf/provider-azurerm/lib/resource-group";
import type { Construct } from "constructs";
import { Evidence } from "../evidence";
import { KeyVault } from "../key-vault";
import { admittedSubnets } from "../network/service-firewall";
import { resourceName } from "../resource-names";
import type { VaultServerProps } from "./vault-server-props";

/**
 * The Key Vault with the recovery keys, and a log of each use. It has its own resource group, so that the deployers'
 * rights do not include it.
 */
export class RecoveryKeyVault extends KeyVault {
  constructor(scope: Construct, id: string, { environment, network, tenantId, suffix }: VaultServerProps) {
    const { name, location, protectData } = environment;
    const { deployerRanges, deployerSubnets } = environment.network;
    const resourceGroup = new ResourceGroup(scope, "recovery-resource-group", {
      name: resourceName("rg", name, "vault", "recovery"),
      location,
    });
    super(scope, id, {
      name: resourceName("kv", name, "rec", suffix),
      resourceGroup: resourceGroup.name,
      location,
      tenantId,
      sku: "standard",
      allowedRanges: deployerRanges.map(({ cidr }) => cidr),
      allowedSubnets: [...admittedSubnets(network, "vault"), ...deployerSubnets.map(({ id }) => id)],
      privateEndpoints: network.restrictedEndpoints,
      protect: protectData,
    });
    new Evidence(scope, `${id}-evidence`, { environment, of: this.id, categories: ["AuditEvent"] });
  }
}
