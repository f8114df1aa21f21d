import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import { azureErrorSentence } from "./azure-error";
import { runCommand } from "./run-command";
import { temporaryFolder } from "./temporary-folder";

/** What GitHub sets in a job that may ask for tokens, and a workflow of this project. */
const pipelineVariables = z.object({
  ACTIONS_ID_TOKEN_REQUEST_URL: z.url(),
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: z.string().min(1),
  ARM_CLIENT_ID: z.string().min(1),
  ARM_TENANT_ID: z.string().min(1),
  ARM_SUBSCRIPTION_ID: z.string().min(1),
});

const audience = "api://AzureADTokenExchange";

/** GitHub's assertion is good for five minutes. After it az has only the tokens that it asked for before. */
const goodForMs = 3 * 60_000;

/** Keeps az logged in during a job of GitHub Actions, which may take hours: each login has a fresh assertion. */
export class FederatedLogin {
  private renewedAt = Number.NEGATIVE_INFINITY;
  private renewal: Promise<void> | undefined;

  private constructor(private readonly variables: z.infer<typeof pipelineVariables>) {}

  /** Undefined where a person is logged in. */
  static fromEnvironment(env: NodeJS.ProcessEnv = process.env): FederatedLogin | undefined {
    const { success, data } = pipelineVariables.safeParse(env);
    return success && env.ARM_USE_OIDC === "true" ? new FederatedLogin(data) : undefined;
  }

  /**
   * Logs az in, unless it did so just now: before each use, since any may need a token that az does not have yet.
   * @throws {UserError} where GitHub gives no assertion, or Entra does not take it.
   */
  async renew(): Promise<void> {
    if (Date.now() - this.renewedAt < goodForMs) return;
    this.renewal ??= this.logIn().finally(() => {
      this.renewal = undefined;
    });
    await this.renewal;
  }

  private async logIn(): Promise<void> {
    const {
      ARM_CLIENT_ID: client,
      ARM_TENANT_ID: tenant,
      ARM_SUBSCRIPTION_ID: subscription,
    } = this.variables;
    const begun = Date.now();
    const folder = temporaryFolder();
    try {
      // By a file, since anybody on the machine can read arguments.
      const file = join(folder.path, "assertion");
      await writeFile(file, await this.assertion(), { mode: 0o600 });
      const identity = ["--service-principal", "--username", client, "--tenant", tenant];
      await az("login", ...identity, "--federated-token", `@${file}`, "--output", "none");
      await rm(file);
      await az("account", "set", "--subscription", subscription);
      this.renewedAt = begun;
    } finally {
      folder.remove();
    }
  }

  /** Says by GitHub's signature which job this is. */
  private async assertion(): Promise<string> {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: place, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = this.variables;
    const url = new URL(place);
    url.searchParams.set("audience", audience);
    try {
      const response = await fetch(url, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(30_000),
      });
      return z.object({ value: z.string().min(1) }).parse(await response.json()).value;
    } catch {
      throw new UserError(
        "GitHub gives this job no token for Azure; see that the job has `id-token: write`, and run the workflow again.",
      );
    }
  }
}

async function az(...args: string[]): Promise<void> {
  const result = await runCommand("az", [...args, "--only-show-errors"]);
  if (result && result.code !== 0) throw new UserError(azureErrorSentence(args[0] ?? "", result.stderr));
}
