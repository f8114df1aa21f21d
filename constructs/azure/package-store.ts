import type { StorageAccount } from "@cdktf/provider-azurerm/lib/storage-account";
import { StorageContainer } from "@cdktf/provider-azurerm/lib/storage-container";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { skipChecks } from "../terraform/checkov-skips";
import { dependsOn } from "../terraform/depends-on";
import { TerraformData } from "../terraform/terraform-data";
import type { AppPackage } from "./app-package";
import { type PrivateEndpointNetwork, privateEndpointOf } from "./network/private-endpoint";
import { privateStorageAccount } from "./private-storage-account";

export interface PackageStoreProps {
  /** 3 to 24 lower-case letters and digits, unique among all storage accounts in Azure. */
  name: string;
  resourceGroup: string;
  location: string;
  package: AppPackage;
  /** Networks that may push packages, CIDR. The firewall accepts only public ones, so private ones are left out. */
  allowedRanges: readonly string[];
  /** Ids of subnets with the service endpoint Microsoft.Storage. */
  allowedSubnets: readonly string[];
  /** Creates a private endpoint there. */
  privateEndpoints?: PrivateEndpointNetwork;
}

const containerName = "app";
const blobName = "app.zip";

/**
 * The source of the application's package for VMs: a blob in a storage account whose keys are off. Identities read
 * it.
 * The deployer's Entra token pushes the package, as for App Service. With a resource for the blob, everyone who plans
 * would have to read it.
 */
export class PackageStore extends Construct {
  /** `https://<name>.blob.<domain of Azure Storage>/app/app.zip` */
  readonly packageUrl: string;
  /** Azure id of the blob service. It holds the containers and has the log of writes. */
  readonly blobServiceId: string;
  /** Azure id of the container, the scope of the readers' right. */
  readonly containerId: string;
  /** Its private endpoint, if it has one. Every VM that fetches the package depends on it. */
  readonly endpoint?: ITerraformDependable;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: PackageStoreProps,
  ) {
    super(scope, id);
    const account = this.createAccount();
    const container = this.createContainer(account);
    this.endpoint = privateEndpointOf(this, account.id, "blob", props);
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
      dependsOn: dependsOn(into, this.endpoint),
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
      CKV_AZURE_33: "Nothing uses queues, and nobody has rights on them.",
      CKV_AZURE_36: "No Azure service needs the package.",
      CKV_AZURE_206:
        "The next deployment pushes the package again, so copies in other regions are not necessary.",
      CKV2_AZURE_1: "The package is open source, so a customer-managed key would protect nothing.",
      ...(account.publicNetworkAccessEnabledInput !== false && {
        CKV_AZURE_59: "Its firewall admits only the environment's own subnets and the deployers' networks.",
      }),
      ...(this.props.privateEndpoints === undefined && {
        CKV2_AZURE_33: "The agents' subnet has a service endpoint, which the firewall admits.",
      }),
    });
    skipChecks(container, {
      CKV2_AZURE_21: "The container holds the application, which is not secret.",
    });
  }
}
