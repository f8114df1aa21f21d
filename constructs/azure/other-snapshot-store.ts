import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import type { AzureCloud } from "../../environments/azure-clouds";
import { containerName } from "./snapshot-store";

export interface OtherSnapshotStoreProps {
  /** Azure id of the storage account. */
  accountId: string;
  vaultPrincipalId: string;
  /** The cloud of this environment and of the account. */
  cloud: AzureCloud;
}

/** Another environment's store of snapshots, and Vault's right to read there while it restores one. */
export class OtherSnapshotStore extends Construct {
  /** `https://<name>.blob.core.windows.net/snapshots` */
  readonly containerUrl: string;

  constructor(scope: Construct, id: string, { accountId, vaultPrincipalId, cloud }: OtherSnapshotStoreProps) {
    super(scope, id);
    this.containerUrl = `https://${accountId.split("/").at(-1)}.blob.${cloud.storageDomain}/${containerName}`;
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
