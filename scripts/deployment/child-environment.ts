import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environments/schema";
import { terraformEnvironment } from "../../lib/terraform/terraform-program";
import type { Login } from "./login";
import { projectFolder } from "./project";

/** What configures Vault's clients: the user's own must not reach the provider, nor switch off its checks. */
const vaultVariables = /^(?:VAULT_|TERRAFORM_VAULT_)/;

/** What leads a Terraform elsewhere than to the stack's own folder and state, or adds to its arguments. */
const terraformVariables = /^TF_(?:DATA_DIR|WORKSPACE|CLI_ARGS)/;

/** Terraform's environment: this process's, told which environment and subscription, without anything of Vault's. */
export function childEnvironment(
  { name }: Environment,
  login: Pick<Login, "subscriptionId"> | undefined,
): NodeJS.ProcessEnv {
  const inherited = Object.entries(terraformEnvironment(withoutTerraformSettings(process.env))).filter(
    ([variable]) => !vaultVariables.test(variable),
  );
  return {
    ...Object.fromEntries(inherited),
    ...providerCache(),
    ENVIRONMENT: name,
    ...(login && { ARM_SUBSCRIPTION_ID: login.subscriptionId }),
  };
}

export function withoutTerraformSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([variable]) => !terraformVariables.test(variable)));
}

/**
 * Each provider is fetched once for all stacks. What Terraform notes of it beside a stack is not committed (scripts/lock-providers makes
 * what is), so it may hold this platform's checksum alone.
 */
function providerCache(): NodeJS.ProcessEnv {
  if (process.env.TF_PLUGIN_CACHE_DIR) return {};
  const folder = join(projectFolder, "node_modules/.cache/vault-on-azure/providers");
  mkdirSync(folder, { recursive: true });
  return { TF_PLUGIN_CACHE_DIR: folder, TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: "1" };
}

/** The same for the stack vault-config: the login for the Vault provider, and no log that would hold it. */
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
