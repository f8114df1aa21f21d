import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { AzureCloudName } from "../../environments/azure-clouds";
import { UserError } from "../../lib/processes/user-error";
import { azureErrorSentence } from "./azure-error";
import { runCommand } from "./run-command";
import { temporaryFolder } from "./temporary-folder";

/** Variables that GitHub sets in a job with `id-token: write`, and variables from this project's workflows. */
const pipelineVariables = z.object({
  ACTIONS_ID_TOKEN_REQUEST_URL: z.url(),
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: z.string().min(1),
  ARM_CLIENT_ID: z.string().min(1),
  ARM_TENANT_ID: z.string().min(1),
  ARM_SUBSCRIPTION_ID: z.string().min(1),
});

/** In each cloud, because azurerm requests no other. create-pipeline-identity makes the identities accept it. */
const audience = "api://AzureADTokenExchange";

/** GitHub's assertion is valid for five minutes. After that, az has only the tokens that it already requested. */
const goodForMs = 3 * 60_000;

/** Keeps az logged in during a job of GitHub Actions, which may take hours. Each login uses a new assertion. */
export class FederatedLogin {
  private renewedAt = Number.NEGATIVE_INFINITY;
  private renewal: Promise<void> | undefined;

  private constructor(
    private readonly variables: z.infer<typeof pipelineVariables>,
    private readonly cloud: AzureCloudName,
  ) {}

  /** Undefined if a person is logged in. */
  static fromEnvironment(cloud: AzureCloudName): FederatedLogin | undefined {
    const { success, data } = pipelineVariables.safeParse(process.env);
    return success && process.env.ARM_USE_OIDC === "true" ? new FederatedLogin(data, cloud) : undefined;
  }

  /**
   * Logs az in, unless it did so a moment ago. Call this before each use, because each may need a token that az does not have yet.
   * @throws {UserError} if GitHub issues no assertion, or if Entra rejects it.
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
      // Uses a file, because everybody on the machine can read arguments.
      const file = join(folder.path, "assertion");
      await writeFile(file, await this.assertion(), { mode: 0o600 });
      // A new machine's az works in the public cloud.
      if (this.cloud !== "AzureCloud") await az("cloud", "set", "--name", this.cloud);
      const identity = ["--service-principal", "--username", client, "--tenant", tenant];
      await az("login", ...identity, "--federated-token", `@${file}`, "--output", "none");
      await rm(file);
      await az("account", "set", "--subscription", subscription);
      this.renewedAt = begun;
    } finally {
      folder.remove();
    }
  }

  /** Returns GitHub's signed assertion about this job. */
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
        "GitHub issues no token for Azure to this job. Check that the job has `id-token: write`, and run the workflow again.",
      );
    }
  }
}

async function az(...args: string[]): Promise<void> {
  const result = await runCommand("az", [...args, "--only-show-errors"]);
  if (result && result.code !== 0) throw new UserError(azureErrorSentence(args[0] ?? "", result.stderr));
}
