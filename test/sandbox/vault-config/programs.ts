import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { TerraformAvailability } from "../../../sandbox/vault-config/terraform-applier";
import { describeWithVaultAndDatabase, vaultOrDatabaseMissing } from "../programs-there";

/** `describe` with Vault and a database, if Terraform and the Vault provider are there, too. */
export function describeWithTerraform(name: string, tests: () => void): void {
  const reason = vaultOrDatabaseMissing() ? undefined : terraformMissing();
  // The provider comes from a registry that not every pipeline reaches: skipped with the reason, even there.
  if (reason) describe.skip(`${name} (skipped: ${reason})`, tests);
  else describeWithVaultAndDatabase(name, tests);
}

/** Jest wants to know at once whether a test is skipped, so the asynchronous answer comes from a process of its own. */
function terraformMissing(): string | undefined {
  const script = join(__dirname, "terraform-availability.ts");
  const { stdout, stderr } = spawnSync(process.execPath, ["--require", "tsx/cjs", script], {
    encoding: "utf8",
  });
  if (!stdout) return `whether Terraform is there cannot be told: ${stderr}`;
  const answer = JSON.parse(stdout) as TerraformAvailability;
  return answer.available ? undefined : answer.reason;
}
