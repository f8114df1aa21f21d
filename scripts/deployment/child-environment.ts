import type { Environment } from "../../environments/schema";
import type { Login } from "./login";
import type { VaultAccess } from "./vault";

/** What configures Vault's clients: the user's own must not reach the provider, nor switch off its checks. */
const vaultVariables = /^(?:VAULT_|TERRAFORM_VAULT_)/;

/** The environment of cdktf: this process's, told which environment and subscription, without anything of Vault's. */
export function childEnvironment({ name }: Environment, { subscriptionId }: Login): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([variable]) => !vaultVariables.test(variable));
  return {
    ...Object.fromEntries(inherited),
    ENVIRONMENT: name,
    ARM_SUBSCRIPTION_ID: subscriptionId,
    TF_IN_AUTOMATION: "1",
  };
}

/** The same for the stack vault-config: the login for the Vault provider, and no log that would hold it. */
export function withVaultLogin(
  env: NodeJS.ProcessEnv,
  { certificateFile }: VaultAccess,
  jwt: string,
): NodeJS.ProcessEnv {
  const quiet = Object.entries(env).filter(([variable]) => !variable.startsWith("TF_LOG"));
  return {
    ...Object.fromEntries(quiet),
    TERRAFORM_VAULT_AUTH_JWT: jwt,
    VAULT_CACERT: certificateFile,
  };
}
