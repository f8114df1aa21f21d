import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/processes/user-error";
import { terraformEnvironment, terraformName } from "../../lib/terraform/terraform-program";
import { knownAzureCause } from "./azure-error";
import { withoutTerraformSettings } from "./child-environment";
import { runCommand } from "./run-command";
import { temporaryFolder } from "./temporary-folder";
import { unfolded } from "./terraform-failure";

/** Terraform's backend block, by its type. */
export type Backend = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A folder that contains only a backend. Terraform needs no provider for it. */
export class BackendFolder {
  private readonly folder = temporaryFolder();
  private backend: Backend = {};

  /** @param whose whose state the backend holds, as in "the stack network" */
  constructor(
    private readonly whose: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** Connects the folder with a backend. @throws {UserError} when the backend cannot be read */
  async open(backend: Backend): Promise<void> {
    await this.write(backend);
    await this.terraform(["init", "-input=false", "-no-color"]);
  }

  /**
   * Moves the state from the open backend to another one. A signal does not end this.
   * @throws {UserError} if Terraform cannot move it
   */
  async moveTo(backend: Backend): Promise<void> {
    await this.write(backend);
    const args = ["init", "-input=false", "-no-color", "-migrate-state", "-force-copy"];
    await this.run(args, { detached: true });
  }

  /** Runs Terraform, and returns what it prints. @throws {UserError} when it fails */
  terraform(args: readonly string[]): Promise<string> {
    return this.run(args, { signal: this.signal });
  }

  remove(): void {
    this.folder.remove();
  }

  private async write(backend: Backend): Promise<void> {
    this.backend = backend;
    await writeFile(join(this.folder.path, "main.tf.json"), JSON.stringify({ terraform: { backend } }));
  }

  private async run(
    args: readonly string[],
    options: { signal?: AbortSignal; detached?: true },
  ): Promise<string> {
    const env = terraformEnvironment(withoutTerraformSettings(process.env));
    const result = await runCommand(terraformName(), args, { cwd: this.folder.path, env, ...options });
    if (result?.code === 0) return result.stdout;
    const said = result ? unfolded(result.stderr).trim() : "Terraform is not installed";
    const cure =
      "azurerm" in this.backend
        ? "Check that the storage account exists (scripts/create-state-store) and that you may read its blobs"
        : "Check that you may read the folder state/";
    throw new UserError(
      knownAzureCause(said) ?? `The state of ${this.whose} cannot be read (${said.slice(0, 300)}). ${cure}.`,
    );
  }
}
