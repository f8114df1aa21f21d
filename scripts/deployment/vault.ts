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

/** How the deployed Vault is reached. */
export class VaultAccess {
  private constructor(
    private readonly az: AzureCli,
    private readonly environment: Environment,
    readonly address: string,
    /** PEM file for VAULT_CACERT. */
    readonly certificateFile: string,
    /** Removes the certificate's file. */
    readonly close: () => void,
  ) {}

  /** @throws {UserError} when vault-server is not deployed, or its certificate cannot be had. */
  static async open(az: AzureCli, environment: Environment, vaultServer: StackState): Promise<VaultAccess> {
    const { address, certificateUrl } = vaultLocation(vaultServer);
    const pem = await fetchVaultCertificate(az, certificateUrl, address);
    const folder = temporaryFolder();
    const file = join(folder.path, "vault.pem");
    await writeFile(file, pem);
    return new VaultAccess(az, environment, address, file, folder.remove);
  }

  /** The deployer's token; asked for anew each time, since waiting for Vault may take longer than one lasts. */
  token(): Promise<string> {
    return deployerToken(this.az, this.environment);
  }

  /**
   * Waits until Vault is unsealed and lets the deployer in: the end of its first boot.
   * @throws {UserError} at the deadline, on an interrupt, or at once when it refuses this deployer for good.
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
    const abort = Promise.race([
      interruption.promise,
      new Promise<never>((_, reject) => {
        givingUp.signal.addEventListener("abort", () => reject(givingUp.signal.reason));
      }),
    ]);
    const ready = async (): Promise<true> => {
      try {
        await this.checkHealth();
        await (await this.logIn()).logOut();
        return true;
      } catch (error) {
        const reason = error as Error;
        if (error instanceof VaultRefusal && refusesForGood.test(error.message)) {
          givingUp.abort(new UserError(refused(error)));
        }
        report(reason.message);
        throw reason;
      }
    };
    try {
      await waitFor(`Vault at ${this.address} to be unsealed and to let deployers in`, ready, {
        deadlineMs: seconds * 1000,
        intervalMs: Math.min(5000, seconds * 100),
        abort,
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

  /** @throws where Vault is not unsealed and active. */
  async checkHealth(): Promise<void> {
    try {
      await this.asNobody((client) => client.request({ method: "GET", path: "sys/health" }));
    } catch (error) {
      // 429, 472 and 473: a standby, which forwards. Source: Vault, sys/health.
      if (error instanceof VaultRefusal && [429, 472, 473].includes(error.status)) return;
      if (error instanceof VaultRefusal) throw new UserError(stateOf(error.status));
      throw error;
    }
  }

  /** Revokes every lease of the database engine, whose users else stay in MySQL and keep the engine from going. */
  async revokeDatabaseLeases(): Promise<void> {
    await this.asDeployer(async (client) => {
      // Whoever loses credentials asks for others at once. A lease made after this would keep the database engine from going.
      for (const role of await databaseRoles(client))
        await client.request({ method: "DELETE", path: `database/roles/${role}` });
      const path = "sys/leases/revoke-prefix/database/creds";
      await client.request({ method: "PUT", path, body: { sync: true } });
    });
  }

  /** Does what Vault's own tries did not: a database away for a quarter of an hour uses them up, and then Vault waits a day. */
  endExpiredLeases(): Promise<{ ended: string[]; left: Record<string, string> }> {
    return this.asDeployer(endExpiredLeases);
  }

  /** @returns whether there was an engine that an earlier removal left half way, and which is gone now */
  finishRemovalOfDatabaseEngine(): Promise<boolean> {
    return this.asDeployer(finishRemovalOfDatabaseEngine);
  }

  /** Does work with a login that ends with it. */
  async asDeployer<T>(work: (client: VaultClient) => Promise<T>): Promise<T> {
    const client = await this.logIn();
    try {
      return await work(client);
    } finally {
      await client.logOut();
    }
  }

  /** Does work that takes no login. */
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

/** None where there is no database engine any more. */
async function databaseRoles(client: VaultClient): Promise<string[]> {
  try {
    const answer = await client.request({ method: "GET", path: "database/roles", query: { list: "true" } });
    return z.object({ keys: z.array(z.string()) }).parse(answer).keys;
  } catch (error) {
    if (error instanceof VaultRefusal && error.status === 404) return [];
    throw error;
  }
}

/** @throws {UserError} when vault-server is not deployed, or not to its end. */
export function vaultLocation(vaultServer: StackState): { address: string; certificateUrl: string } {
  const address = vaultServer.output("vault_https_addr");
  const certificateUrl = vaultServer.output("vault_certificate_url");
  if (!address || !certificateUrl) {
    throw new UserError(
      "The stack vault-server is not deployed, so there is no Vault; run scripts/deploy first.",
    );
  }
  return { address, certificateUrl };
}

/** What vault-plugin-auth-jwt says of a token that will not be let in later either. */
const refusesForGood = /claim|audience|issuer|signature|expired|not yet valid/i;

/** Entra issued the token just now, so that only a wrong clock makes it too old or too new. Source: hashicorp/cap, jwt. */
const refusesTheTime = /token is expired|not yet valid|issued in the future/i;

function refused({ errors }: VaultRefusal): string {
  if (errors.some((words) => refusesTheTime.test(words))) {
    return `Vault refuses the time of this login's token (${errors.join("; ")}). The clock of Vault's VM or of this computer is wrong: compare \`timedatectl\` on both, set the wrong one right, log in again with \`az login\`, and run the same command again.`;
  }
  return `Vault refuses this login (${errors.join("; ")}); log in as one of the environment's deployers, or add yourself to them and deploy (docs/deploy.md, "Another deployer, or one less").`;
}

function stateOf(status: number): string {
  if (status === 501) return "Vault is not initialized yet.";
  if (status === 503)
    return 'Vault is sealed. It unseals itself when it starts: restart it, and if it stays sealed, enable the version of the key vault-unseal that Key Vault refuses (docs/deploy.md, "When Vault is sealed").';
  return `Vault's health is ${status}.`;
}
