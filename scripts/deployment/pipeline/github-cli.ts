import type { z } from "zod";
import { UserError } from "../../../lib/processes/user-error";
import { type CommandResult, type RunCommand, runCommand } from "../run-command";

/** GitHub's CLI, logged in as a person or as a workflow's job. */
export class GitHubCli {
  constructor(
    private readonly signal?: AbortSignal,
    private readonly runProgram: RunCommand = runCommand,
  ) {}

  async isLoggedIn(): Promise<boolean> {
    return (await this.run(["auth", "status"])).code === 0;
  }

  /**
   * Reads what the API says about a path.
   * @param what completes "Could not", as in "read the environment's branches"
   * @returns undefined if it does not exist, or if the login may not see it
   * @throws {UserError} for any other failure
   */
  async read<Schema extends z.ZodType>(
    what: string,
    schema: Schema,
    path: string,
  ): Promise<z.infer<Schema> | undefined> {
    const result = await this.run(["api", path]);
    if (result.code !== 0 && /\(HTTP 40[34]\)/.test(result.stderr)) return undefined;
    return parsed(what, schema, result);
  }

  /** Runs a command that prints JSON. @throws {UserError} when it fails */
  async json<Schema extends z.ZodType>(
    what: string,
    schema: Schema,
    ...args: readonly string[]
  ): Promise<z.infer<Schema>> {
    return parsed(what, schema, await this.run(args));
  }

  /** Runs a command for its effect. `input` is its stdin. @throws {UserError} when it fails */
  async change(what: string, args: readonly string[], input?: string): Promise<void> {
    const result = await this.run(args, input);
    if (result.code !== 0) throw refusal(what, result);
  }

  private async run(args: readonly string[], input?: string): Promise<CommandResult> {
    const result = await this.runProgram("gh", args, { signal: this.signal, input });
    if (result) return result;
    throw new UserError("gh is not on PATH. Install it: https://cli.github.com");
  }
}

function parsed<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  result: CommandResult,
): z.infer<Schema> {
  if (result.code !== 0) throw refusal(what, result);
  try {
    return schema.parse(JSON.parse(result.stdout));
  } catch {
    throw new UserError(`Could not ${what}: GitHub's answer is of an unknown form. Install a newer gh.`);
  }
}

function refusal(what: string, { stderr }: CommandResult): UserError {
  const reason = (stderr.trim().split("\n")[0] ?? "").replace(/\.$/, "");
  return new UserError(
    `Could not ${what}: ${reason}. Correct that, then run the script again. It continues where it stopped.`,
  );
}
