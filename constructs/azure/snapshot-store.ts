import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import type { StorageAccount } from "@cdktf/provider-azurerm/lib/storage-account";
import { StorageContainer } from "@cdktf/provider-azurerm/lib/storage-container";
import { StorageContainerImmutabilityPolicy } from "@cdktf/provider-azurerm/lib/storage-container-immutability-policy";
import { StorageManagementPolicy } from "@cdktf/provider-azurerm/lib/storage-management-policy";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { skipChecks } from "../terraform/checkov-skips";
import { type PrivateEndpointNetwork, privateEndpointOf } from "./network/private-endpoint";
import { privateStorageAccount } from "./private-storage-account";

export interface SnapshotStoreProps {
  /** 3 to 24 lower-case letters and digits, of which no other storage account in Azure has the same. */
  name: string;
  /** A separate resource group, so that rights on Vault's own group do not cover the snapshots. */
  resourceGroup: string;
  location: string;
  retentionDays: number;
  replication: "LRS" | "ZRS";
  /** Id of Vault's subnet, which has the service endpoint Microsoft.Storage. The firewall admits nobody else. */
  vaultSubnet: string;
  /** Creates a private endpoint there, which Vault's subnet uses instead. The account then has no public address. */
  privateEndpoints?: PrivateEndpointNetwork;
  /** Azure id of the role Vault Snapshot Keeper. */
  keeperRoleId: string;
  vaultPrincipalId: string;
  /** Prevents the early deletion of a snapshot in Azure, and the deletion of the account in Terraform. */
  protect: boolean;
}

export const containerName = "snapshots";

/**
 * The storage account for Vault's snapshots. Vault's identity can create and read these blobs, and can neither change nor delete them. They
 * are encrypted under the unseal key, like Vault's data.
 */
export class SnapshotStore extends Construct {
  /** `https://<name>.blob.<domain of Azure Storage>/snapshots` */
  readonly containerUrl: string;
  /** Azure id of the blob service. It holds the container and has the log of reads and writes. */
  readonly blobServiceId: string;
  /** Its private endpoint, if it has one. Every VM that reads and writes snapshots depends on it. */
  readonly endpoint?: ITerraformDependable;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: SnapshotStoreProps,
  ) {
    super(scope, id);
    const account = this.createAccount();
    const container = this.createContainer(account);
    this.endpoint = privateEndpointOf(this, account.id, "blob", props);
    this.blobServiceId = `${account.id}/blobServices/default`;
    this.containerUrl = `${account.primaryBlobEndpoint}${containerName}`;
    const containerId = `${this.blobServiceId}/containers/${containerName}`;
    if (props.protect) this.forbidChanges(container, containerId);
    this.deleteOldOnes(account);
    this.allowKeeping(container, containerId);
    this.explainFindings(account, container);
  }

  private createAccount(): StorageAccount {
    const { name, resourceGroup, location, replication, vaultSubnet, privateEndpoints, protect } = this.props;
    return privateStorageAccount(this, "account", {
      name,
      resourceGroup,
      location,
      replication,
      allowedRanges: [],
      allowedSubnets: privateEndpoints ? [] : [vaultSubnet],
      lifecycle: protect ? { preventDestroy: true } : undefined,
    });
  }

  private createContainer(account: StorageAccount): StorageContainer {
    return new StorageContainer(this, "container", {
      name: containerName,
      storageAccountId: account.id,
      containerAccessType: "private",
    });
  }

  /**
   * Azure refuses every change and deletion of a younger blob. The policy is not locked, because nobody could ever shorten a locked one. A
   * person with the right can shorten this one, and the activity log shows it.
   */
  private forbidChanges(container: StorageContainer, containerId: string): void {
    new StorageContainerImmutabilityPolicy(this, "immutability", {
      dependsOn: [container],
      storageContainerResourceManagerId: containerId,
      immutabilityPeriodInDays: this.props.retentionDays,
      protectedAppendWritesEnabled: false,
      protectedAppendWritesAllEnabled: false,
      locked: false,
    });
  }

  private deleteOldOnes(account: StorageAccount): void {
    const { retentionDays } = this.props;
    new StorageManagementPolicy(this, "lifecycle", {
      storageAccountId: account.id,
      rule: [
        {
          name: "old-snapshots",
          enabled: true,
          filters: { blobTypes: ["blockBlob"], prefixMatch: [`${containerName}/`] },
          actions: {
            baseBlob: { deleteAfterDaysSinceCreationGreaterThan: retentionDays },
            version: { deleteAfterDaysSinceCreation: retentionDays },
          },
        },
      ],
    });
  }

  private allowKeeping(container: StorageContainer, containerId: string): void {
    const { keeperRoleId, vaultPrincipalId } = this.props;
    new RoleAssignment(this, "keeper", {
      dependsOn: [container],
      scope: containerId,
      roleDefinitionId: keeperRoleId,
      principalId: vaultPrincipalId,
      principalType: "ServicePrincipal",
    });
  }

  private explainFindings(account: StorageAccount, container: StorageContainer): void {
    skipChecks(account, {
      CKV_AZURE_33: "Nothing uses queues, and nobody has rights on them.",
      CKV_AZURE_36: "No Azure service needs the snapshots.",
      CKV_AZURE_206:
        "The environment chooses zones of one region. docs/operations.md says which losses this does not cover.",
      CKV2_AZURE_1: "Vault encrypts each snapshot under the unseal key of Key Vault.",
      ...(this.props.privateEndpoints === undefined && {
        CKV_AZURE_59: "Its firewall admits Vault's subnet, and nothing else.",
        CKV2_AZURE_33: "Vault's subnet has a service endpoint, which the firewall admits.",
      }),
    });
    skipChecks(container, {
      CKV2_AZURE_21: "Reads and writes are logged if the environment names an evidenceWorkspace.",
    });
  }
}
