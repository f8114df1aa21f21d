import { readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { VaultRefusal } from "../../lib/vault-api/vault-client";
import { deployedFiles } from "./deployed-files";
import type { StackState } from "./stack-state";
import { TerraformError } from "./terraform";
import { unfolded } from "./terraform-failure";

const policy = "/etc/vault.d/deployer-policy.hcl";

/** Vault's VM has the deployers' policy of another version of this project. */
export class OlderPolicy extends UserError {
  override readonly name = "OlderPolicy";
}

/**
 * Does work in Vault that the deployers' policy allows. The stack vault-server brings that policy.
 * @throws {OlderPolicy} with the cure, if Vault refuses the work and its VM has the policy of another version of this project
 */
export async function withDeployersPolicy<T>(
  environment: string,
  vaultServer: StackState | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isForbidden(error) || !hasOtherPolicy(vaultServer)) throw error;
    throw new OlderPolicy(
      `${messageOf(error)} Vault's VM has the deployers' policy of another version of this project. Run \`scripts/deploy ${environment} --stack vault-server\`, which brings this version's policy, and then the same command again.`,
    );
  }
}

/** Vault's provider repeats the status of Vault's answer. */
function isForbidden(error: unknown): boolean {
  if (error instanceof TerraformError) return /\bCode: 403\b/.test(unfolded(error.output));
  return error instanceof VaultRefusal && error.status === 403;
}

function hasOtherPolicy(vaultServer: StackState | undefined): boolean {
  const ours = readFileSync(join(__dirname, "../../cloud-init/vault-server/files", policy), "utf8");
  return deployedFiles(vaultServer, policy).some((deployed) => deployed !== ours);
}
