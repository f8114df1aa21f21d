import type { Construct } from "constructs";
import { cloudOf } from "../../../environments/azure-clouds";
import { PublicAddress } from "../network/public-address";
import { resourceName } from "../resource-names";
import type { VaultServerProps } from "./vault-server-props";

/** The public address of a single Vault node. */
export class VaultPublicAddress extends PublicAddress {
  constructor(scope: Construct, id: string, { environment, network, suffix }: VaultServerProps) {
    const { name, location, vault } = environment;
    super(scope, id, {
      name: resourceName("pip", name, "vault"),
      resourceGroup: network.resourceGroup.name,
      location,
      zone: vault.zone,
      cloud: cloudOf(environment),
      dnsLabel: `vault-${name}-${suffix}`,
    });
  }
}
