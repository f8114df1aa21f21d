import { azureClouds } from "../../../environments/azure-clouds";
import type { Fact } from "../fact";
import { documentedVersion } from "../judges/announcement";
import { azureHosts, entraIssuer } from "../judges/azure";

const cloudsFile = "environments/azure-clouds.ts";
const publicCloud = azureClouds.AzureCloud;
const hostOf = (url: string): string => new URL(url).host;

/** The hosts of Azure's public cloud, and the names that tokens contain. */
export function hostsOfAzure(): Fact[] {
  return [
    azureHosts(
      [
        ...[publicCloud.resourceManager, publicCloud.serviceManagement, publicCloud.login].map(hostOf),
        "vault.azure.net",
      ],
      [cloudsFile],
    ),
    entraIssuer(hostOf(publicCloud.tokenIssuer), [cloudsFile]),
    documentedVersion(
      {
        name: "audience of Azure Storage",
        value: hostOf(publicCloud.storageResource),
        usedIn: [cloudsFile],
      },
      {
        page: "https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory",
        words: "https://storage.azure.com",
        cure: "Request tokens as the page says.",
      },
    ),
  ];
}
