import { PrivateDnsARecord } from "@cdktf/provider-azurerm/lib/private-dns-a-record";
import type { Construct } from "constructs";
import type { VaultNetwork } from "./vault-server-props";

export interface PrivateNameProps {
  network: VaultNetwork;
  /** The name in Vault's zone. */
  name: string;
  address: string;
}

/** A name in Vault's private zone. */
export class PrivateName extends PrivateDnsARecord {
  constructor(scope: Construct, { network, name, address }: PrivateNameProps) {
    super(scope, `private-name-${name}`, {
      name,
      zoneName: network.vaultDnsZone.name,
      resourceGroupName: network.resourceGroup.name,
      ttl: 60,
      records: [address],
    });
  }
}
