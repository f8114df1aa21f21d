import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { azureClouds } from "../../environments/azure-clouds";
import type { Environment } from "../../environments/schema";
import { terraformEnvironment } from "../../lib/terraform/terraform-program";
import type { AzureLogin } from "./login";
import { projectFolder } from "./stack-folder";

/** Variables that configure Vault's clients. The user's own must not reach the provider or switch off its checks. */
const vaultVariables = /^(?:VAULT_|TERRAFORM_VAULT_)/;

/** Variables that give Terraform another folder, another state, or more arguments. */
const terraformVariables = /^TF_(?:DATA_DIR|WORKSPACE|CLI_ARGS)/;

/** Returns Terraform's environment: this process's variables with the environment and subscription, without Vault's variables. */
export function childEnvironment(
  { name, azureCloud }: Environment,
  login: Pick<AzureLogin, "subscriptionId"> | undefined,
): NodeJS.ProcessEnv {
  const inherited = Object.entries(terraformEnvironment(withoutTerraformSettings(process.env))).filter(
    ([variable]) => !vaultVariables.test(variable),
  );
  return {
    ...Object.fromEntries(inherited),
    ...providerCache(),
    ENVIRONMENT: name,
    // Another value would count for the public cloud, whose stacks name no cloud.
    ARM_ENVIRONMENT: azureClouds[azureCloud].terraform,
    ...(login && { ARM_SUBSCRIPTION_ID: login.subscriptionId }),
  };
}

export function withoutTerraformSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([variable]) => !terraformVariables.test(variable)));
}

/**
 * Downloads each provider once for all stacks. Nobody commits the lock file that Terraform writes in a stack's folder (scripts/lock-providers
 * writes the committed ones), so it may contain only this platform's checksum.
 */
function providerCache(): NodeJS.ProcessEnv {
  if (process.env.TF_PLUGIN_CACHE_DIR) return {};
  const folder = join(projectFolder, "node_modules/.cache/vault-on-azure/providers");
  mkdirSync(folder, { recursive: true });
  return { TF_PLUGIN_CACHE_DIR: folder, TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: "1" };
}

/** Returns the same for the stack vault-config: with the Vault provider's login, and without logs that would contain it. */
export function withVaultLogin(
  env: NodeJS.ProcessEnv,
  { certificateFile }: { readonly certificateFile: string },
  jwt: string,
): NodeJS.ProcessEnv {
  const quiet = Object.entries(env).filter(([variable]) => !variable.startsWith("TF_LOG"));
  return {
    ...Object.fromEntries(quiet),
    TERRAFORM_VAULT_AUTH_JWT: jwt,
    VAULT_CACERT: certificateFile,
  };
}
