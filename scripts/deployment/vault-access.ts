import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Environment } from "../../environments/schema";
import type { Report } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { DeadlineError, waitFor } from "../../lib/processes/wait-for";
import { VaultClient, VaultRefusal } from "../../lib/vault-api/vault-client";
import type { AzureCli } from "./azure-cli";
import { endExpiredLeases } from "./expired-leases";
import { finishRemovalOfDatabaseEngine } from "./half-removed-mount";
import type { Interruption } from "./interruption";
import { deployerToken } from "./login";
import { proxyFor } from "./proxy";
import type { StackState } from "./stack-state";
import { temporaryFolder } from "./temporary-folder";
import { fetchVaultCertificate } from "./vault-certificate";

/** The connection to the deployed Vault. */
export class VaultAccess {
  private constructor(
    private readonly az: AzureCli,
    private readonly environment: Environment,
    readonly address: string,
    /** Path of the PEM file for VAULT_CACERT. */
    readonly certificateFile: string,
    /** Removes the certificate's file. */
    readonly close: () => void,
  ) {}

  /** @throws {UserError} if vault-server is not deployed, or if its certificate cannot be fetched. */
  static async open(az: AzureCli, environment: Environment, vaultServer: StackState): Promise<VaultAccess> {
    const { address, certificateUrl } = vaultLocation(vaultServer);
    const pem = await fetchVaultCertificate(az, certificateUrl, address);
    const folder = temporaryFolder();
    const file = join(folder.path, "vault.pem");
    await writeFile(file, pem);
    return new VaultAccess(az, environment, address, file, folder.remove);
  }

  /** Requests a new deployer's token at each call, because the wait for Vault may be longer than a token's lifetime. */
  token(): Promise<string> {
    return deployerToken(this.az, this.environment);
  }

  /**
   * Waits until Vault is unsealed and the deployer can log in. Its first boot then has ended.
   * @throws {UserError} at the deadline, on an interrupt, or at once if Vault refuses this deployer permanently.
   */
  async untilReady({
    seconds,
    interruption,
    report,
  }: {
    seconds: number;
    interruption: Interruption;
    report: Report;
  }): Promise<void> {
    const givingUp = new AbortController();
    const ready = () => this.tryLogin(report, (reason) => givingUp.abort(reason));
    try {
      await waitFor(`Vault at ${this.address} to be unsealed and to let deployers in`, ready, {
        deadlineMs: seconds * 1000,
        intervalMs: Math.min(5000, seconds * 100),
        abort: Promise.race([interruption.promise, rejectedBy(givingUp.signal)]),
      });
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new UserError(
        `${(error as Error).message} Is this computer's address in network.deployerRanges? Does Vault's VM run (\`az vm boot-diagnostics get-boot-log\`)? Then run the same command again.`,
      );
    } finally {
      givingUp.abort();
    }
  }

  /** Reports each reason against a login, and throws it. Gives up if Vault will not change its mind. */
  private async tryLogin(report: Report, giveUp: (reason: UserError) => void): Promise<true> {
    try {
      await this.checkHealth();
      await (await this.logIn()).logOut();
      return true;
    } catch (error) {
      if (error instanceof VaultRefusal && error.errors.some((words) => refusesForGood.test(words))) {
        giveUp(new UserError(refused(error)));
      }
      report((error as Error).message);
      throw error;
    }
  }

  /** @throws if Vault is not unsealed and active. */
  async checkHealth(): Promise<void> {
    try {
      await this.asNobody((client) => client.request({ method: "GET", path: "sys/health" }));
    } catch (error) {
      // 429, 472 and 473 come from a standby, which forwards requests. Source: Vault, sys/health.
      if (error instanceof VaultRefusal && [429, 472, 473].includes(error.status)) return;
      if (error instanceof VaultRefusal) throw new UserError(stateOf(error.status));
      throw error;
    }
  }

  /** Revokes every lease of the database engine. Otherwise their users stay in MySQL, and Vault cannot delete the engine. */
  async revokeDatabaseLeases(): Promise<void> {
    await this.asDeployer(async (client) => {
      // Clients that lose credentials request new ones at once. A new lease would prevent the deletion of the database engine.
      for (const role of await databaseRoles(client))
        await client.request({ method: "DELETE", path: `database/roles/${role}` });
      const path = "sys/leases/revoke-prefix/database/creds";
      await client.request({ method: "PUT", path, body: { sync: true } });
    });
  }

  /** Revokes expired leases that Vault could not. If the database is away for a quarter of an hour, Vault uses up its attempts and then waits a day. */
  endExpiredLeases(): Promise<{ ended: string[]; left: Record<string, string> }> {
    return this.asDeployer(endExpiredLeases);
  }

  /** @returns true if this deleted an engine that an earlier removal left half deleted */
  finishRemovalOfDatabaseEngine(): Promise<boolean> {
    return this.asDeployer(finishRemovalOfDatabaseEngine);
  }

  /** Runs work with a login, and revokes the login at the end. */
  async asDeployer<T>(work: (client: VaultClient) => Promise<T>): Promise<T> {
    const client = await this.logIn();
    try {
      return await work(client);
    } finally {
      await client.logOut();
    }
  }

  /** Runs work without a login. */
  async asNobody<T>(work: (client: VaultClient) => Promise<T>): Promise<T> {
    const client = this.client();
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }

  private async logIn(): Promise<VaultClient> {
    const { address, certificateFile: caFile } = this;
    return VaultClient.loggedIn({ address, caFile, jwt: await this.token(), proxyUrl: proxyFor(address) });
  }

  private client(): VaultClient {
    const { address, certificateFile: caFile } = this;
    return new VaultClient({ address, caFile, proxyUrl: proxyFor(address) }, undefined, 10_000);
  }
}

/** Returns an empty result if the database engine does not exist. */
async function databaseRoles(client: VaultClient): Promise<string[]> {
  try {
    const answer = await client.request({ method: "GET", path: "database/roles", query: { list: "true" } });
    return z.object({ keys: z.array(z.string()) }).parse(answer).keys;
  } catch (error) {
    if (error instanceof VaultRefusal && error.status === 404) return [];
    throw error;
  }
}

/** @throws {UserError} if vault-server is not deployed, or only partly. */
export function vaultLocation(vaultServer: StackState): { address: string; certificateUrl: string } {
  const address = vaultServer.output("vault_https_addr");
  const certificateUrl = vaultServer.output("vault_certificate_url");
  if (!address || !certificateUrl) {
    throw new UserError(
      "The stack vault-server is not deployed, so Vault does not exist. Run scripts/deploy first.",
    );
  }
  return { address, certificateUrl };
}

/** Refusals of vault-plugin-auth-jwt that are permanent for the token. */
const refusesForGood = /claim|audience|issuer|signature|expired|not yet valid/i;

/** Entra issued the token a moment ago, so only a wrong clock makes it too old or too new. Source: hashicorp/cap, jwt. */
const refusesTheTime = /token is expired|not yet valid|issued in the future/i;

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

function refused({ errors }: VaultRefusal): string {
  if (errors.some((words) => refusesTheTime.test(words))) {
    return `Vault refuses the time of this login's token (${errors.join("; ")}). The clock of Vault's VM or of this computer is wrong: compare \`timedatectl\` on both, set the wrong one right, log in again with \`az login\`, and run the same command again.`;
  }
  return `Vault refuses this login (${errors.join("; ")}). Log in as a deployer of the environment, or add yourself to the deployers and deploy (docs/deploy.md, "Another deployer, or one less").`;
}

function stateOf(status: number): string {
  if (status === 501) return "Vault is not initialized yet.";
  if (status === 503)
    return 'Vault is sealed. It unseals itself when it starts: restart it, and if it stays sealed, enable the version of the key vault-unseal that Key Vault refuses (docs/deploy.md, "When Vault is sealed").';
  return `Vault's health is ${status}.`;
}
