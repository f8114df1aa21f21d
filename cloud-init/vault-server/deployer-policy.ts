import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fillIn, type PlaceholderValues } from "../cloud-config";
import type { AzureNames } from "../common/azure-names";

/** Path of the deployers' policy on Vault's VM. */
export const DEPLOYER_POLICY = "/etc/vault.d/deployer-policy.hcl";

/** The values that bind the policy to one cloud. */
export const policyValues = (azure: AzureNames): PlaceholderValues => ({
  AZURE_ENVIRONMENT: azure.vaultEnvironment,
  RESOURCE_MANAGER: azure.resourceManager,
  TOKEN_ISSUER: azure.tokenIssuer,
  MYSQL_DOMAIN: azure.mysqlDomain,
});

/** Returns the deployers' policy as this project's user data bring it. */
export function deployerPolicy(azure: AzureNames): string {
  const text = readFileSync(join(__dirname, "files", DEPLOYER_POLICY), "utf8");
  return fillIn(DEPLOYER_POLICY, text, policyValues(azure));
}
