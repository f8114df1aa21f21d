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

/** The providers of the stacks, as constructs/terraform/provider-requirements.ts asks for them. */
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
  /** Value of TF_CLI_CONFIG_FILE with which Terraform needs no registry. */
  terraformConfiguration: string;
  /** The folder of providers that it names. */
  providers: string;
}

/**
 * What a rehearsal runs and does not bring along.
 * @param folder to keep the providers in
 * @throws UserError with a sentence for each that is missing, and the way to get it
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
      "The Azure CLI (az) is not on PATH; install it (https://learn.microsoft.com/cli/azure/install-azure-cli, or `pip install azure-cli` in a virtual environment).",
    );
  }
  const installed =
    terraform &&
    (await installProviders(terraform, join(folder, "providers")).catch((error: Error) => {
      missing.push(
        `Terraform cannot install the providers azurerm, vault and random (${error.message}); let it reach registry.terraform.io, or put them into a local mirror (https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation).`,
      );
      return undefined;
    }));
  if (!terraform || !az || !installed) throw new UserError(missing.join("\n"));
  return { terraform: terraform.path, az, ...installed };
}

/**
 * Installs the providers into a folder, from which Terraform takes them later where no registry can be reached.
 * @throws UserError when Terraform cannot have them
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
