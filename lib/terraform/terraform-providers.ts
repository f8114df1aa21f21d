import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Guardian } from "../processes/guardian";
import { lastLines, runProgram } from "../processes/run-program";
import { messageOf } from "../processes/user-error";
import { type TerraformProgram, terraformEnvironment } from "./terraform-program";

/** Version constraints by source address, for example { "hashicorp/vault": "~> 5.6" }. */
export type ProviderConstraints = Readonly<Record<string, string>>;

export interface ProviderCheckOptions {
  /** Milliseconds until the answer is no. The default is 120 000, because azurerm is a download of 60 MB. */
  readonly deadlineMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** The folder for the temporary folder. Default: the system's. */
  readonly parent?: string;
}

export type Installable =
  | { readonly installable: true }
  | { readonly installable: false; readonly reason: string };

/**
 * Checks whether Terraform can install these providers from the registry or a mirror. Runs `terraform init` in a
 * temporary folder, for a configuration that only requires them.
 */
export async function providersInstallable(
  terraform: TerraformProgram,
  providers: ProviderConstraints,
  { deadlineMs = 120_000, env = process.env, parent = tmpdir() }: ProviderCheckOptions = {},
): Promise<Installable> {
  const folder = await mkdtemp(join(parent, "vault-on-azure-providers-"));
  const guardian = await Guardian.ofFolder(folder);
  try {
    await writeFile(join(folder, "main.tf.json"), JSON.stringify(requiring(providers)));
    const { code, stdout, stderr } = await runProgram({
      command: terraform.path,
      args: ["init", "-backend=false", "-no-color", "-input=false"],
      cwd: folder,
      env: terraformEnvironment(env),
      deadlineMs,
    });
    return code === 0 ? { installable: true } : { installable: false, reason: reasonIn(stdout + stderr) };
  } catch (error) {
    return { installable: false, reason: messageOf(error) };
  } finally {
    await rm(folder, { recursive: true, force: true });
    guardian.release();
  }
}

function requiring(providers: ProviderConstraints): object {
  const entries = Object.entries(providers).map(([source, version]) => [
    source.split("/").at(-1),
    { source, version },
  ]);
  return { terraform: [{ required_providers: [Object.fromEntries(entries)] }] };
}

/** Extracts the text of Terraform's first error, without its frame. */
function reasonIn(output: string): string {
  const plain = output.replace(/^[│╷╵ ]+/gm, "");
  const error = plain.slice(plain.indexOf("Error:"));
  return plain.includes("Error:") ? error.trim().split(/\s+/).join(" ").slice(0, 400) : lastLines(plain, 2);
}
