import type { StorageAccount } from "@cdktf/provider-azurerm/lib/storage-account";
import { StorageContainer } from "@cdktf/provider-azurerm/lib/storage-container";
import { Construct } from "constructs";
import { skipChecks } from "../terraform/checkov-skips";
import { TerraformData } from "../terraform/terraform-data";
import type { AppPackage } from "./app-package";
import { privateStorageAccount } from "./private-storage-account";

export interface PackageStoreProps {
  /** 3 to 24 lower-case letters and digits, of which no other storage account in Azure has the same. */
  name: string;
  resourceGroup: string;
  location: string;
  package: AppPackage;
  /** Networks from which packages are pushed, CIDR; the firewall takes public ones only, so private ones are left out. */
  allowedRanges: readonly string[];
  /** Ids of subnets with the service endpoint Microsoft.Storage. */
  allowedSubnets: readonly string[];
}

const containerName = "app";
const blobName = "app.zip";

/**
 * Where VMs fetch the application's package: a blob that identities read, in a storage account whose keys are off.
 * Pushed as App Service's is, by the deployer's Entra token; a resource for the blob would be read at every plan, by whoever plans.
 */
export class PackageStore extends Construct {
  /** `https://<name>.blob.core.windows.net/app/app.zip` */
  readonly packageUrl: string;
  /** Azure id of what holds the containers, and has the log of who wrote what. */
  readonly blobServiceId: string;
  /** Azure id, on which readers are granted their right. */
  readonly containerId: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: PackageStoreProps,
  ) {
    super(scope, id);
    const account = this.createAccount();
    const container = this.createContainer(account);
    this.push(account, container);
    this.explainFindings(account, container);
    this.packageUrl = `${account.primaryBlobEndpoint}${containerName}/${blobName}`;
    this.blobServiceId = `${account.id}/blobServices/default`;
    this.containerId = `${this.blobServiceId}/containers/${containerName}`;
  }

  private createAccount(): StorageAccount {
    const { name, resourceGroup, location, allowedRanges, allowedSubnets } = this.props;
    return privateStorageAccount(this, "account", {
      name,
      resourceGroup,
      location,
      replication: "LRS",
      allowedRanges,
      allowedSubnets,
    });
  }

  private createContainer(account: StorageAccount): StorageContainer {
    return new StorageContainer(this, "container", {
      name: containerName,
      storageAccountId: account.id,
      containerAccessType: "private",
    });
  }

  private push(account: StorageAccount, into: StorageContainer): void {
    const { package: appPackage } = this.props;
    new TerraformData(this, "push", {
      triggersReplace: { package: appPackage.hash, store: account.id },
      dependsOn: [into],
      provisioners: [
        {
          type: "local-exec",
          command: [
            "az storage blob upload --auth-mode login --overwrite true --only-show-errors --output none",
            '--file "$FILE" --account-name "$ACCOUNT" --container-name "$CONTAINER" --name "$BLOB"',
          ].join(" "),
          environment: {
            FILE: appPackage.path,
            ACCOUNT: account.name,
            CONTAINER: containerName,
            BLOB: blobName,
          },
        },
      ],
    });
  }

  private explainFindings(account: StorageAccount, container: StorageContainer): void {
    skipChecks(account, {
      CKV_AZURE_33: "Nothing here uses queues, and nobody may.",
      CKV_AZURE_36: "None of Azure's own services has business with the package.",
      CKV_AZURE_59: "Its firewall admits the agents' subnet and the deployers' ranges, and nothing else.",
      CKV_AZURE_206:
        "The package is pushed anew by the next deployment: copies in other places guard nothing.",
      CKV2_AZURE_1: "The package is open source: a key of one's own would hide nothing.",
      CKV2_AZURE_33: "The agents' subnet has a service endpoint, which the firewall admits.",
    });
    skipChecks(container, {
      CKV2_AZURE_21: "What is read there is the application, which is no secret.",
    });
  }
}
