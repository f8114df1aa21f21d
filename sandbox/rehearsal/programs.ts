import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programOnPath } from "../../lib/processes/program-on-path";
import { lastLines, runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";
import {
  findTerraform,
  type TerraformProgram,
  terraformEnvironment,
} from "../../lib/terraform/terraform-program";

/** The stacks' providers, in the versions of constructs/terraform/provider-requirements.ts. */
const providers = {
  "hashicorp/azurerm": ">= 4.81.0, < 5.0.0",
  "hashicorp/vault": "~> 5.6",
  "hashicorp/random": "~> 3.7",
};

export interface RehearsalPrograms {
  /** Absolute path. */
  terraform: string;
  /** Absolute path of the Azure CLI. */
  az: string;
  /** Value of TF_CLI_CONFIG_FILE that lets Terraform work without a registry. */
  terraformConfiguration: string;
  /** The folder of providers in that configuration. */
  providers: string;
}

/**
 * Finds the programs that a rehearsal needs.
 * @param folder for the providers
 * @throws UserError with a sentence for each missing program, and how to get it
 */
export async function findRehearsalPrograms(folder: string): Promise<RehearsalPrograms> {
  const missing: string[] = [];
  const terraform = await findTerraform().catch((error: Error) => {
    missing.push(error.message);
    return undefined;
  });
  const az = await programOnPath(["az"]);
  if (!az) {
    missing.push(
      "The Azure CLI (az) is not on PATH. Install it (https://learn.microsoft.com/cli/azure/install-azure-cli, or `pip install azure-cli` in a virtual environment).",
    );
  }
  const installed =
    terraform &&
    (await installProviders(terraform, join(folder, "providers")).catch((error: Error) => {
      missing.push(
        `Terraform cannot install the providers azurerm, vault and random (${error.message}). Let it reach registry.terraform.io, or put them into a local mirror (https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation).`,
      );
      return undefined;
    }));
  if (!terraform || !az || !installed) throw new UserError(missing.join("\n"));
  return { terraform: terraform.path, az, ...installed };
}

/**
 * Installs the providers into a folder. Terraform uses them later without a registry.
 * @throws UserError if Terraform cannot get them
 */
async function installProviders(
  { path }: TerraformProgram,
  folder: string,
): Promise<Pick<RehearsalPrograms, "terraformConfiguration" | "providers">> {
  await mkdir(folder, { recursive: true });
  const required = Object.entries(providers).map(([source, version]) => [
    source.split("/")[1],
    { source, version },
  ]);
  const content = { terraform: [{ required_providers: [Object.fromEntries(required)] }] };
  await writeFile(join(folder, "main.tf.json"), JSON.stringify(content));
  const { code, stdout, stderr } = await runProgram({
    command: path,
    args: ["init", "-backend=false", "-no-color", "-input=false"],
    cwd: folder,
    env: terraformEnvironment(),
    deadlineMs: 600_000,
  });
  if (code !== 0) throw new UserError(lastLines(stdout + stderr, 4));
  const file = join(folder, "terraform.tfrc");
  const mirror = join(folder, ".terraform/providers");
  await writeFile(
    file,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
  );
  return { terraformConfiguration: file, providers: mirror };
}
