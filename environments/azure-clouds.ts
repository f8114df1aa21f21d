import type { AzureNames } from "../cloud-init/common/azure-names";

/** The offer of MySQL Flexible Server in a region. */
interface MysqlRegion {
  /** A standby in another zone. */
  readonly standbyInZone: boolean;
  /** Backups in the paired region. */
  readonly backupInPair: boolean;
}

/**
 * Names and addresses that differ between Azure's clouds. Everything else in this project takes them from here, and `test/azure-names.test.ts` looks for
 * names elsewhere.
 */
export interface AzureCloud extends AzureNames {
  /** `environment` of azurerm and of its state backend. */
  readonly terraform: "public" | "usgovernment" | "china";
  /** How the names of its regions begin. */
  readonly regionPrefixes: readonly string[];
  /** The regions with all services of this project. Undefined if only Azure can say: the preflight asks it. */
  readonly regions?: Readonly<Record<string, MysqlRegion>>;
  /** Entra's sign-in, without a slash at the end. */
  readonly login: string;
  /** Audience of an identity's token with which it acts for an app registration. */
  readonly tokenExchange: string;
  /** Ending of Key Vaults' names. */
  readonly keyVaultDomain: string;
  /** Ending of storage accounts' names. The name of the service precedes it, such as `blob`. */
  readonly storageDomain: string;
  /** Private DNS zones of private endpoints, by the service's subresource. */
  readonly privateLinkZones: { readonly vault: string; readonly blob: string };
  /** Ending of the DNS names of public addresses. A region precedes it. */
  readonly publicAddressDomain: string;
  /** Domains with names that the VMs and web apps need. */
  readonly domains: readonly string[];
}

/**
 * Azure's clouds, by the names that the Azure CLI uses (`az cloud list`).
 *
 * Sources:
 * - resourceManager, serviceManagement, login: azure-cli, `core/cloud.py`; go-azure-sdk, `sdk/environments/azure_{public,gov,china}.go`
 * - terraform: azurerm, provider argument `environment`
 * - vaultEnvironment: vault-plugin-auth-azure 0.22.0, `azure.go`; go-autorest, `azure/environments.go`, which go-kms-wrapping's azurekeyvault 2.0.14 uses
 * - tokenIssuer: aks-engine, `--oidc-issuer-url` of its API servers, which read the issuer's discovery document as Vault does. The US Government's tokens
 *   have the public cloud's issuer
 * - tokenExchange: Entra, "Configure an application to trust a managed identity"
 * - login for App Service: Entra, "National clouds"; 21Vianet has login.chinacloudapi.cn for Azure's tools and login.partner.microsoftonline.cn for sign-ins
 * - mysqlDomain, keyVaultDomain, storageDomain, publicAddressDomain: go-autorest, `azure/environments.go`; Azure, "Compare Azure Government and global Azure"
 * - privateLinkZones: Azure, "Private endpoint private DNS zone values", with a table for each cloud
 * - storageResource: Azure, "Authorize access to blobs using Microsoft Entra ID": one resource in all clouds
 * - regions: Azure Database for MySQL, "Azure regions" (January 2026). Regions without MySQL Flexible Server are missing
 */
export const azureClouds = {
  AzureCloud: {
    terraform: "public",
    vaultEnvironment: "AzurePublicCloud",
    regionPrefixes: [],
    resourceManager: "https://management.azure.com/",
    serviceManagement: "https://management.core.windows.net/",
    login: "https://login.microsoftonline.com",
    tokenIssuer: "https://sts.windows.net",
    tokenExchange: "api://AzureADTokenExchange",
    mysqlDomain: "mysql.database.azure.com",
    storageResource: "https://storage.azure.com/",
    keyVaultDomain: "vault.azure.net",
    storageDomain: "core.windows.net",
    privateLinkZones: {
      vault: "privatelink.vaultcore.azure.net",
      blob: "privatelink.blob.core.windows.net",
    },
    publicAddressDomain: "cloudapp.azure.com",
    domains: ["azure.com", "azure.net", "windows.net", "microsoftonline.com"],
  },
  AzureUSGovernment: {
    terraform: "usgovernment",
    vaultEnvironment: "AzureUSGovernmentCloud",
    regionPrefixes: ["usgov", "usdod"],
    regions: {
      usgovvirginia: { standbyInZone: true, backupInPair: false },
      usgovarizona: { standbyInZone: false, backupInPair: true },
      usgovtexas: { standbyInZone: false, backupInPair: true },
    },
    resourceManager: "https://management.usgovcloudapi.net/",
    serviceManagement: "https://management.core.usgovcloudapi.net/",
    login: "https://login.microsoftonline.us",
    tokenIssuer: "https://sts.windows.net",
    tokenExchange: "api://AzureADTokenExchangeUSGov",
    mysqlDomain: "mysql.database.usgovcloudapi.net",
    storageResource: "https://storage.azure.com/",
    keyVaultDomain: "vault.usgovcloudapi.net",
    storageDomain: "core.usgovcloudapi.net",
    privateLinkZones: {
      vault: "privatelink.vaultcore.usgovcloudapi.net",
      blob: "privatelink.blob.core.usgovcloudapi.net",
    },
    publicAddressDomain: "cloudapp.usgovcloudapi.net",
    domains: ["usgovcloudapi.net", "azure.us", "azurewebsites.us", "microsoftonline.us", "windows.net"],
  },
  AzureChinaCloud: {
    terraform: "china",
    vaultEnvironment: "AzureChinaCloud",
    regionPrefixes: ["china"],
    regions: {
      chinanorth3: { standbyInZone: true, backupInPair: true },
      chinaeast3: { standbyInZone: false, backupInPair: true },
      chinanorth2: { standbyInZone: false, backupInPair: true },
      chinaeast2: { standbyInZone: false, backupInPair: true },
    },
    resourceManager: "https://management.chinacloudapi.cn/",
    serviceManagement: "https://management.core.chinacloudapi.cn/",
    login: "https://login.partner.microsoftonline.cn",
    tokenIssuer: "https://sts.chinacloudapi.cn",
    tokenExchange: "api://AzureADTokenExchangeChina",
    mysqlDomain: "mysql.database.chinacloudapi.cn",
    storageResource: "https://storage.azure.com/",
    keyVaultDomain: "vault.azure.cn",
    storageDomain: "core.chinacloudapi.cn",
    privateLinkZones: {
      vault: "privatelink.vaultcore.azure.cn",
      blob: "privatelink.blob.core.chinacloudapi.cn",
    },
    publicAddressDomain: "cloudapp.chinacloudapi.cn",
    domains: ["chinacloudapi.cn", "azure.cn", "chinacloudsites.cn", "microsoftonline.cn"],
  },
} as const satisfies Record<string, AzureCloud>;

export type AzureCloudName = keyof typeof azureClouds;

/** Returns the names of a cloud. */
export function cloudOf({ azureCloud }: { readonly azureCloud: AzureCloudName }): AzureCloud {
  return azureClouds[azureCloud];
}

/** Returns the cloud's name for a program. Undefined for the public cloud, which is the default of each program. */
export function nameUnlessPublic(
  cloud: AzureCloud,
  program: "terraform" | "vaultEnvironment",
): string | undefined {
  return cloud.terraform === "public" ? undefined : cloud[program];
}
