import { StorageAccount } from "@cdktf/provider-azurerm/lib/storage-account";
import type { TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";
import { type AdmittedNetworks, serviceFirewall } from "./network/service-firewall";

export interface PrivateStorageAccountProps extends AdmittedNetworks {
  /** 3 to 24 lower-case letters and digits, of which no other storage account in Azure has the same. */
  name: string;
  resourceGroup: string;
  location: string;
  /** ZRS keeps the data in three zones of the region, LRS in one data centre. */
  replication: "LRS" | "ZRS";
  lifecycle?: TerraformResourceLifecycle;
}

/** A storage account for blobs without account keys. Only named networks can reach it. */
export function privateStorageAccount(
  scope: Construct,
  id: string,
  props: PrivateStorageAccountProps,
): StorageAccount {
  const { name, resourceGroup, location, replication, allowedSubnets, lifecycle } = props;
  const { publicRanges, publicNetworkAccessEnabled } = serviceFirewall(props);
  return new StorageAccount(scope, id, {
    name,
    resourceGroupName: resourceGroup,
    location,
    accountKind: "StorageV2",
    accountTier: "Standard",
    accountReplicationType: replication,
    // The provider writes the account's keys into the state. They are switched off, so they are useless.
    sharedAccessKeyEnabled: false,
    defaultToOauthAuthentication: true,
    localUserEnabled: false,
    allowNestedItemsToBePublic: false,
    crossTenantReplicationEnabled: false,
    httpsTrafficOnlyEnabled: true,
    minTlsVersion: "TLS1_2",
    publicNetworkAccessEnabled,
    networkRules: {
      defaultAction: "Deny",
      bypass: ["None"],
      ipRules: publicRanges.flatMap(asIpRules),
      virtualNetworkSubnetIds: [...allowedSubnets],
    },
    blobProperties: {
      versioningEnabled: true,
      deleteRetentionPolicy: { days: 7 },
      containerDeleteRetentionPolicy: { days: 7 },
    },
    lifecycle,
  });
}

/** The firewall accepts single addresses without a length, and no network of two. Source: Azure, storage firewall. */
function asIpRules(cidr: string): string[] {
  const [address = "", length] = cidr.split("/");
  if (length === "32") return [address];
  if (length !== "31") return [cidr];
  const octets = address.split(".");
  return [address, [...octets.slice(0, 3), Number(octets[3]) + 1].join(".")];
}
