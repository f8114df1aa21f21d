import { z } from "zod";
import { compareVersions } from "../../../lib/processes/version";
import { OLDEST_TERRAFORM, terraformName } from "../../../lib/terraform/terraform-program";
import { engines } from "../../../package.json";
import { type AzureCli, azureCliMissing } from "../azure-cli";
import { runCommand } from "../run-command";

/** Terraform: write-only arguments. The Azure CLI: older ones use a Key Vault API that Azure ends on 27 February 2027. */
export const oldest = { node: engines.node.replace(">=", ""), terraform: OLDEST_TERRAFORM, az: "2.90.0" };

export interface ProgramVersions {
  readonly problems: readonly string[];
  /** False if Terraform is missing. */
  readonly terraformRuns: boolean;
}

/** Checks that Node.js, Terraform and the Azure CLI are new enough. */
export async function programVersions(az: AzureCli): Promise<ProgramVersions> {
  const [terraform, azureCli] = await Promise.all([checkTerraform(), azureCliProblem(az)]);
  const problems = [nodeProblem(), terraform.problem, azureCli].filter((problem) => problem !== undefined);
  return { problems, terraformRuns: terraform.runs };
}

function nodeProblem(): string | undefined {
  const node = process.versions.node;
  return compareVersions(node, oldest.node) < 0
    ? `Node.js ${node} is older than ${oldest.node}. Install a newer one (.nvmrc names it).`
    : undefined;
}

async function checkTerraform(): Promise<{ runs: boolean; problem?: string }> {
  const cure = `Install ${oldest.terraform} or newer (https://developer.hashicorp.com/terraform/install)`;
  const result = await runCommand(terraformName(), ["version", "-json"]);
  if (!result) {
    const problem =
      terraformName() === "terraform"
        ? `Terraform is not on the PATH. ${cure}.`
        : `${terraformName()}, which TERRAFORM_BINARY_NAME names, is not on the PATH. Install it, or unset the variable.`;
    return { runs: false, problem };
  }
  const version = readVersion(result.stdout, "terraform_version");
  if (!version) return { runs: true, problem: `Terraform does not report its version. ${cure}.` };
  return compareVersions(version, oldest.terraform) < 0
    ? {
        runs: true,
        problem: `Terraform ${version} is older than ${oldest.terraform}, which write-only arguments need. ${cure}.`,
      }
    : { runs: true };
}

async function azureCliProblem(az: AzureCli): Promise<string | undefined> {
  const result = await az.attempt("version", "--output", "json");
  if (!result) return azureCliMissing;
  const version = readVersion(result.stdout, "azure-cli");
  if (!version) return "The Azure CLI (az) does not report its version. Install it again.";
  return compareVersions(version, oldest.az) < 0
    ? `The Azure CLI ${version} is older than ${oldest.az}, which Key Vault needs after 27 February 2027. Run \`az upgrade\`.`
    : undefined;
}

function readVersion(json: string, field: string): string | undefined {
  try {
    return z
      .record(z.string(), z.unknown())
      .pipe(z.object({ [field]: z.string() }))
      .parse(JSON.parse(json))[field];
  } catch {
    return undefined;
  }
}
