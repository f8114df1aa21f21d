/**
 * The resource for which workloads ask their identity tokens. It is one of Microsoft's own, so Entra puts the Azure
 * resource id (xms_mirid) into the token, which Vault's azure auth method insists on.
 */
export const azureManagementResource = "https://management.azure.com/";
