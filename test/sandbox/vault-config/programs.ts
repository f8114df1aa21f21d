import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { TerraformAvailability } from "../../../sandbox/vault-config/terraform-applier";
import { describeWithVaultAndDatabase, vaultOrDatabaseMissing } from "../programs-there";

/** `describe` for tests with Vault, a database, Terraform and the Vault provider, if all exist. */
export function describeWithTerraform(name: string, tests: () => void): void {
  const reason = vaultOrDatabaseMissing() ? undefined : terraformMissing();
  // Some pipelines do not reach the provider's registry. The suite is then skipped with a reason.
  if (reason) describe.skip(`${name} (skipped: ${reason})`, tests);
  else describeWithVaultAndDatabase(name, tests);
}

/** Jest must know at once whether to skip a test, so a separate process computes the asynchronous answer. */
function terraformMissing(): string | undefined {
  const script = join(__dirname, "terraform-availability.ts");
  const { stdout, stderr } = spawnSync(process.execPath, ["--require", "tsx/cjs", script], {
    encoding: "utf8",
  });
  if (!stdout) return `the check for Terraform failed: ${stderr}`;
  const answer = JSON.parse(stdout) as TerraformAvailability;
  return answer.available ? undefined : answer.reason;
}
