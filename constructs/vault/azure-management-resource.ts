/**
 * The resource for which workloads request their identity tokens. It belongs to Microsoft, so Entra puts the
 * Azure resource id (xms_mirid) into the token. Vault's azure auth method requires this claim.
 */
export const azureManagementResource = "https://management.azure.com/";
