import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import type { AzureCloudName } from "../../environments/azure-clouds";
import { UserError } from "../../lib/processes/user-error";
import { azureErrorSentence, isMomentary } from "./azure-error";
import { FederatedLogin } from "./federated-login";
import { type CommandResult, type RunCommand, runCommand } from "./run-command";

/** Seconds between attempts while Azure is busy or fails by itself. */
const pauses = [1, 2, 4];

/** A command of the Azure CLI failed. */
export class AzureCliError extends UserError {
  override readonly name = "AzureCliError";

  constructor(
    sentence: string,
    /** Its complete stderr. */
    readonly said: string,
  ) {
    super(sentence);
  }
}

/** The Azure CLI. At most four calls run at once, because each is a separate Python program. */
export class AzureCli {
  private running = 0;
  private readonly queue: (() => void)[] = [];

  private readonly login: FederatedLogin | undefined;

  /** @param cloud the cloud in which the Azure CLI must work */
  constructor(
    readonly cloud: AzureCloudName,
    private readonly signal?: AbortSignal,
    private readonly runProgram: RunCommand = runCommand,
  ) {
    this.login = FederatedLogin.fromEnvironment(cloud);
  }

  /**
   * Runs a command and reads its JSON output.
   * @throws {UserError} with one sentence, if the command fails.
   */
  async json<Schema extends z.ZodType>(schema: Schema, ...args: string[]): Promise<z.infer<Schema>> {
    const { stdout } = await this.run(...args, "--output", "json");
    try {
      return schema.parse(JSON.parse(stdout || "null"));
    } catch {
      throw new UserError(
        `\`az ${commandOf(args)}\` returned an unknown answer. Update the Azure CLI with \`az upgrade\`.`,
      );
    }
  }

  /** Runs a command for its effect. @throws {AzureCliError} when it fails. */
  async run(...args: string[]): Promise<CommandResult> {
    const result = await this.attemptAgain(args);
    if (result === undefined) throw new UserError(azureCliMissing);
    if (result.code === 0) return result;
    throw new AzureCliError(azureErrorSentence(commandOf(args), result.stderr), result.stderr);
  }

  /** Retries `az rest`, because only other commands retry by themselves. All commands here can run twice. */
  private async attemptAgain(args: readonly string[]): Promise<CommandResult | undefined> {
    for (const seconds of pauses) {
      const result = await this.attempt(...args);
      if (!result || result.code === 0 || !isMomentary(result.stderr)) return result;
      await pause(seconds * 1000, undefined, { signal: this.signal });
    }
    return this.attempt(...args);
  }

  /** Renews a pipeline's login for the next step. Does not change a person's login. */
  async renewLogin(): Promise<void> {
    await this.login?.renew();
  }

  /** Runs a command that may fail. Returns undefined if the Azure CLI is missing. */
  async attempt(...args: string[]): Promise<CommandResult | undefined> {
    if (this.running >= 4) await new Promise<void>((resolve) => this.queue.push(resolve));
    this.running++;
    try {
      await this.renewLogin();
      return await this.runProgram("az", [...args, "--only-show-errors"], { signal: this.signal });
    } finally {
      this.running--;
      this.queue.shift()?.();
    }
  }
}

export const azureCliMissing =
  "The Azure CLI (az) is not on the PATH. Install it (https://learn.microsoft.com/cli/azure/install-azure-cli).";

/** Returns the command's words up to the first option. */
function commandOf(args: readonly string[]): string {
  const end = args.findIndex((arg) => arg.startsWith("-"));
  return args.slice(0, end === -1 ? undefined : end).join(" ");
}
