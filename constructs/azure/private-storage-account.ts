import { StorageAccount } from "@cdktf/provider-azurerm/lib/storage-account";
import type { ITerraformDependable, TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";
import { disjoint, isPublic } from "../../environments/addresses";
import { PrivateEndpoint, type PrivateEndpointNetwork } from "./network/private-endpoint";

export interface PrivateStorageAccountProps {
  /** 3 to 24 lower-case letters and digits, of which no other storage account in Azure has the same. */
  name: string;
  resourceGroup: string;
  location: string;
  /** ZRS keeps the data in three zones of the region, LRS in one data centre. */
  replication: "LRS" | "ZRS";
  /** Networks outside Azure that may connect, CIDR. The firewall accepts only public ones, so private ones are left out. */
  allowedRanges: readonly string[];
  /** Ids of subnets with the service endpoint Microsoft.Storage. */
  allowedSubnets: readonly string[];
  lifecycle?: TerraformResourceLifecycle;
}

/** A storage account for blobs without account keys. Only named networks can reach it. */
export function privateStorageAccount(
  scope: Construct,
  id: string,
  props: PrivateStorageAccountProps,
): StorageAccount {
  const { name, resourceGroup, location, replication, allowedRanges, allowedSubnets, lifecycle } = props;
  const ipRules = disjoint(allowedRanges).filter(isPublic).flatMap(asIpRules);
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
    // Azure's default is true. A firewall that admits nobody needs no public address.
    publicNetworkAccessEnabled: ipRules.length + allowedSubnets.length > 0 ? undefined : false,
    networkRules: {
      defaultAction: "Deny",
      bypass: ["None"],
      ipRules,
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

/** Creates the private endpoint of an account's blobs. Without a place for it, creates nothing. */
export function blobEndpoint(
  scope: Construct,
  id: string,
  account: StorageAccount,
  { name, resourceGroup, location }: Pick<PrivateStorageAccountProps, "name" | "resourceGroup" | "location">,
  network: PrivateEndpointNetwork | undefined,
): ITerraformDependable | undefined {
  if (network === undefined) return undefined;
  const props = { of: name, resourceGroup, location, resourceId: account.id, network };
  return new PrivateEndpoint(scope, id, { ...props, subresource: "blob" }).dependable;
}

/** The firewall accepts single addresses without a length, and no network of two. Source: Azure, storage firewall. */
function asIpRules(cidr: string): string[] {
  const [address = "", length] = cidr.split("/");
  if (length === "32") return [address];
  if (length !== "31") return [cidr];
  const octets = address.split(".");
  return [address, [...octets.slice(0, 3), Number(octets[3]) + 1].join(".")];
}
