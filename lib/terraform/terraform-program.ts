import { existsSync } from "node:fs";
import { programOnPath } from "../processes/program-on-path";
import { lastLines, runProgram } from "../processes/run-program";
import { UserError } from "../processes/user-error";
import { compareVersions } from "../processes/version";

export interface TerraformProgram {
  /** Absolute path of the binary. */
  readonly path: string;
  readonly version: string;
}

/** The first Terraform version with write-only arguments. Source: HashiCorp, Terraform 1.11's release notes. */
export const OLDEST_TERRAFORM = "1.11.0";

/**
 * The program to run: TERRAFORM_BINARY_NAME, such as `tofu`, or `terraform` by default. cdktf reads the same
 * variable.
 */
export const terraformName = (env: NodeJS.ProcessEnv = process.env): string =>
  env["TERRAFORM_BINARY_NAME"] || "terraform";

/** @throws UserError when Terraform is not on PATH, is too old, or does not print its version */
export async function findTerraform(env: NodeJS.ProcessEnv = process.env): Promise<TerraformProgram> {
  const cure = `Install Terraform ${OLDEST_TERRAFORM} or newer (https://developer.hashicorp.com/terraform/install)`;
  const name = terraformName(env);
  const path = await programOnPath([name], { env });
  if (!path) {
    throw new UserError(
      name === "terraform"
        ? `Terraform is not on PATH. ${cure}.`
        : `${name} is not on PATH. TERRAFORM_BINARY_NAME names this program. Install it, or unset the variable.`,
    );
  }
  const { code, stdout, stderr } = await runProgram({
    command: path,
    args: ["version", "-json"],
    env: terraformEnvironment(env),
    cwd: "/",
    deadlineMs: 30_000,
  });
  const version = /"terraform_version":\s*"([^"]+)"/.exec(stdout)?.[1];
  if (code !== 0 || !version) {
    throw new UserError(`${path} did not print its version (${lastLines(stdout + stderr, 1)}). ${cure}.`);
  }
  if (compareVersions(version, OLDEST_TERRAFORM) < 0) {
    throw new UserError(`${path} is Terraform ${version}, too old for write-only arguments. ${cure}.`);
  }
  return { path, version };
}

/**
 * Returns the environment for Terraform: no questions and no update check. It drops TF_CLI_CONFIG_FILE if that file
 * is missing, because Terraform then warns on every call.
 */
export function terraformEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const { TF_CLI_CONFIG_FILE: file, ...rest } = env;
  return {
    ...rest,
    ...(file && existsSync(file) ? { TF_CLI_CONFIG_FILE: file } : {}),
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
  };
}
