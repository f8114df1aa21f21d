import { DEPLOYER_POLICY, deployerPolicy } from "../../cloud-init/vault-server/deployer-policy";
import { cloudOf } from "../../environments/azure-clouds";
import type { Environment } from "../../environments/schema";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { VaultRefusal } from "../../lib/vault-api/vault-client";
import { deployedFiles } from "./deployed-files";
import type { StackState } from "./stack-state";
import { TerraformError } from "./terraform";
import { unfolded } from "./terraform-failure";

/** Vault's VM has the deployers' policy of another version of this project. */
export class OlderPolicy extends UserError {
  override readonly name = "OlderPolicy";
}

/**
 * Does work in Vault that the deployers' policy allows. The stack vault-server brings that policy.
 * @throws {OlderPolicy} with the cure, if Vault refuses the work and its VM has the policy of another version of this project
 */
export async function withDeployersPolicy<T>(
  environment: Pick<Environment, "name" | "azureCloud">,
  vaultServer: StackState | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isForbidden(error) || !hasOtherPolicy(environment, vaultServer)) throw error;
    throw new OlderPolicy(
      `${messageOf(error)} Vault's VM has the deployers' policy of another version of this project. Run \`scripts/deploy ${environment.name} --stack vault-server\`, which brings this version's policy, and then the same command again.`,
    );
  }
}

/** Vault's provider repeats the status of Vault's answer. */
function isForbidden(error: unknown): boolean {
  if (error instanceof TerraformError) return /\bCode: 403\b/.test(unfolded(error.output));
  return error instanceof VaultRefusal && error.status === 403;
}

function hasOtherPolicy(
  environment: Pick<Environment, "azureCloud">,
  vaultServer: StackState | undefined,
): boolean {
  const ours = deployerPolicy(cloudOf(environment));
  return deployedFiles(vaultServer, DEPLOYER_POLICY).some((deployed) => deployed !== ours);
}
