import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import { containerName } from "./snapshot-store";

export interface OtherSnapshotStoreProps {
  /** Azure id of the storage account. */
  accountId: string;
  vaultPrincipalId: string;
}

/** Another environment's store of snapshots, and Vault's right to read there while it restores one. */
export class OtherSnapshotStore extends Construct {
  /** `https://<name>.blob.core.windows.net/snapshots` */
  readonly containerUrl: string;

  constructor(scope: Construct, id: string, { accountId, vaultPrincipalId }: OtherSnapshotStoreProps) {
    super(scope, id);
    this.containerUrl = `https://${accountId.split("/").at(-1)}.blob.core.windows.net/${containerName}`;
    this.allowReading(accountId, vaultPrincipalId);
  }

  private allowReading(accountId: string, principalId: string): void {
    new RoleAssignment(this, "reader", {
      scope: `${accountId}/blobServices/default/containers/${containerName}`,
      roleDefinitionName: "Storage Blob Data Reader",
      principalId,
      principalType: "ServicePrincipal",
    });
  }
}
