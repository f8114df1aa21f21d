/** Names that differ between Azure's clouds, as far as VMs need them. environments/azure-clouds.ts has their values and sources. */
export interface AzureNames {
  /** AZURE_ENVIRONMENT of Vault's seal and of its azure auth method. */
  readonly vaultEnvironment: "AzurePublicCloud" | "AzureUSGovernmentCloud" | "AzureChinaCloud";
  /**
   * Azure Resource Manager, which is also the resource for which workloads request their identities' tokens. It belongs to Microsoft, so Entra puts the
   * Azure resource id (xms_mirid) into the token. Vault's azure auth method requires this claim.
   */
  readonly resourceManager: string;
  /** The older name of the same resource. The Azure CLI requests tokens for it. */
  readonly serviceManagement: string;
  /** Start of the issuer of Entra's tokens for Azure's own resources (version 1), without a slash at the end. */
  readonly tokenIssuer: string;
  /** Ending of MySQL servers' names. */
  readonly mysqlDomain: string;
  /** The resource of tokens for Azure Storage. */
  readonly storageResource: string;
}

/** Returns the audiences of people's tokens for Azure, as the Azure CLI writes them: both names, with and without a slash. */
export function managementAudiences({ serviceManagement, resourceManager }: AzureNames): string[] {
  return [serviceManagement, resourceManager].flatMap((url) => [url, url.replace(/\/$/, "")]);
}
