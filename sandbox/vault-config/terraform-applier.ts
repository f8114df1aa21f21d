import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../../lib/processes/run-program";
import { messageOf, UserError } from "../../lib/processes/user-error";
import {
  findTerraform,
  type TerraformProgram,
  terraformEnvironment,
} from "../../lib/terraform/terraform-program";
import { type ProviderCheckOptions, providersInstallable } from "../../lib/terraform/terraform-providers";
import type { VaultConnection } from "../../lib/vault-api/vault-connection";
import {
  type TerraformConfiguration,
  terraformConfiguration,
  VAULT_PROVIDER,
} from "./terraform-configuration";
import type { ReadSecret, VaultResource } from "./vault-resource";

export interface TerraformApplierOptions {
  readonly terraform: TerraformProgram;
  /** The applier's own folder for configuration, provider and state. */
  readonly folder: string;
  readonly connection: VaultConnection;
  readonly readSecret: ReadSecret;
  readonly env?: NodeJS.ProcessEnv;
}

export type TerraformAvailability =
  | { readonly available: true; readonly terraform: TerraformProgram }
  | { readonly available: false; readonly reason: string };

/** Milliseconds for the installation of the provider, and for a plan or an apply. */
const INIT_MS = 120_000;
const RUN_MS = 180_000;

/**
 * Checks whether Terraform exists, is new enough, and can install the Vault provider. It tries the installation, for 20 seconds by default.
 */
export async function terraformAvailability({
  deadlineMs = 20_000,
  env = process.env,
  parent,
}: ProviderCheckOptions = {}): Promise<TerraformAvailability> {
  try {
    const terraform = await findTerraform(env);
    const { source, version } = VAULT_PROVIDER;
    const answer = await providersInstallable(terraform, { [source]: version }, { deadlineMs, env, parent });
    return answer.installable ? { available: true, terraform } : { available: false, reason: answer.reason };
  } catch (error) {
    return { available: false, reason: messageOf(error) };
  }
}

/** Applies the resources of the stack vault-config with Terraform and the real Vault provider. */
export class TerraformApplier {
  private configuration?: TerraformConfiguration;

  constructor(private readonly options: TerraformApplierOptions) {}

  /**
   * Writes the configuration and applies it.
   *
   * @throws UserError with Terraform's own message
   */
  async apply(resources: readonly VaultResource[]): Promise<void> {
    await this.prepare(resources);
    await this.run("apply", ["-auto-approve"]);
  }

  /** Returns whether a new plan is empty, and otherwise the plan. */
  async planIsEmpty(): Promise<{ readonly empty: boolean; readonly plan: string }> {
    const { code, stdout } = await this.run("plan", ["-detailed-exitcode"], [0, 2]);
    return { empty: code === 0, plan: stdout };
  }

  async destroy(): Promise<void> {
    await this.run("destroy", ["-auto-approve"]);
  }

  private async prepare(resources: readonly VaultResource[]): Promise<void> {
    const { folder, connection } = this.options;
    this.configuration = terraformConfiguration(connection.address, resources);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const json = `${JSON.stringify(this.configuration.json, undefined, 2)}\n`;
    await writeFile(join(folder, "main.tf.json"), json, { mode: 0o600 });
    // Uses the user's own environment, because the registry may be behind the user's proxy.
    await this.terraform("init", [], terraformEnvironment(this.options.env), INIT_MS);
  }

  private async run(command: string, args: readonly string[], accepted?: readonly number[]) {
    if (!this.configuration) throw new UserError("Call apply first.");
    return this.terraform(command, args, await this.environment(this.configuration), RUN_MS, accepted);
  }

  /** Secrets and the deployer's token are only in Terraform's environment, never in a file or argument. */
  private async environment({ secrets }: TerraformConfiguration): Promise<NodeJS.ProcessEnv> {
    const { connection, readSecret, env } = this.options;
    const variables: [string, string][] = [];
    for (const [name, marker] of secrets) variables.push([`TF_VAR_${name}`, await readSecret(marker)]);
    return {
      ...withoutForeignSettings(terraformEnvironment(env)),
      ...Object.fromEntries(variables),
      TERRAFORM_VAULT_AUTH_JWT: connection.jwt,
      VAULT_CACERT: connection.caFile,
      ...(connection.tlsServerName ? { VAULT_TLS_SERVER_NAME: connection.tlsServerName } : {}),
      ...(connection.proxyUrl ? { HTTPS_PROXY: connection.proxyUrl, HTTP_PROXY: connection.proxyUrl } : {}),
    };
  }

  private async terraform(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    deadlineMs: number,
    accepted: readonly number[] = [0],
  ) {
    const { terraform, folder } = this.options;
    const result = await runProgram({
      command: terraform.path,
      args: [command, "-no-color", "-input=false", ...args],
      cwd: folder,
      // A killed Terraform leaves its plug-ins' sockets in TMPDIR. Here they go with the folder.
      env: { ...env, TMPDIR: folder },
      deadlineMs,
    });
    if (result.code !== null && accepted.includes(result.code)) return result;
    throw new UserError(
      `terraform ${command} failed in ${folder}: ${errorsIn(result.stderr || result.stdout)}`,
    );
  }
}

/** Removes settings of another Vault or another proxy, and of Terraform's logs, which contain everything. */
function withoutForeignSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign =
    /^(VAULT_|TERRAFORM_VAULT_|TF_LOG|TF_VAR_|TF_CLI_ARGS|TF_DATA_DIR$|TF_WORKSPACE$|(HTTPS?|ALL|NO)_PROXY$)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

/** Returns Terraform's errors without their frames. */
function errorsIn(output: string): string {
  const plain = output.replace(/^[│╷╵ ]+/gm, "");
  const start = plain.indexOf("Error:");
  return plain.slice(Math.max(start, 0)).split(/\s+/).join(" ").trim().slice(0, 2000);
}
