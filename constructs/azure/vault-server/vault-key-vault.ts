import type { Construct } from "constructs";
import { Evidence } from "../evidence";
import { KeyVault } from "../key-vault";
import { admittedSubnets } from "../network/service-firewall";
import { resourceName } from "../resource-names";
import type { VaultServerProps } from "./vault-server-props";

/** The Key Vault with Vault's unseal key and certificate, and a log of each use. */
export class VaultKeyVault extends KeyVault {
  constructor(scope: Construct, id: string, { environment, network, tenantId, suffix }: VaultServerProps) {
    const { name, location, vault, protectData } = environment;
    const { deployerRanges, deployerSubnets } = environment.network;
    super(scope, id, {
      name: resourceName("kv", name, suffix),
      resourceGroup: network.resourceGroup.name,
      location,
      tenantId,
      sku: vault.keyVaultSku,
      allowedRanges: deployerRanges.map(({ cidr }) => cidr),
      allowedSubnets: [
        ...admittedSubnets(network, "vault", "webApp", "agents"),
        ...deployerSubnets.map(({ id }) => id),
      ],
      privateEndpoints: network.privateEndpoints,
      protect: protectData,
    });
    new Evidence(scope, `${id}-evidence`, { environment, of: this.id, categories: ["AuditEvent"] });
  }
}
