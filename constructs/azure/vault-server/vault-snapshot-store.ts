import { ResourceGroup } from "@cdktf/provider-azurerm/lib/resource-group";
import type { Construct } from "constructs";
import { Evidence } from "../evidence";
import { resourceName } from "../resource-names";
import { SnapshotStore } from "../snapshot-store";
import type { VaultServerProps } from "./vault-server-props";

export interface VaultSnapshotStoreProps extends VaultServerProps {
  /** Azure id of the role Vault Snapshot Keeper. */
  keeperRoleId: string;
}

/**
 * The store of Vault's snapshots, and a log of each use. It has its own resource group, so that the deployers' rights
 * on the contents of stores do not include it.
 */
export class VaultSnapshotStore extends SnapshotStore {
  constructor(
    scope: Construct,
    id: string,
    { environment, network, suffix, vaultPrincipalId, keeperRoleId }: VaultSnapshotStoreProps,
  ) {
    const { name, location, vault, protectData } = environment;
    const resourceGroup = new ResourceGroup(scope, "snapshot-resource-group", {
      name: resourceName("rg", name, "vault", "snapshots"),
      location,
    });
    super(scope, id, {
      name: `st${name}snap${suffix}`,
      resourceGroup: resourceGroup.name,
      location,
      retentionDays: vault.snapshots.retentionDays,
      replication: vault.snapshots.replication,
      vaultSubnet: network.subnets.vault,
      privateEndpoints: network.restrictedEndpoints,
      keeperRoleId,
      vaultPrincipalId,
      protect: protectData,
    });
    new Evidence(scope, "snapshot-evidence", {
      environment,
      of: this.blobServiceId,
      categories: ["StorageRead", "StorageWrite", "StorageDelete"],
    });
  }
}
