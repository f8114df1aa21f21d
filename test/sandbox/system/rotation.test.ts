import { readFileSync, writeFileSync } from "node:fs";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { decrypt, generateKey, readKey, readMessage, readPrivateKey } from "openpgp";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { inspector, latestKeyVersion } from "../../app/running-application";
import { itTakesLong } from "../../long-tests";
import { describeWithVaultAndDatabase } from "../programs-there";
import { changes } from "./changes";
import {
  administratorOf,
  changeAdministratorPassword,
  connectToDatabase,
  databaseName,
} from "./database-access";
import {
  CERTIFICATE,
  deadlineMs,
  localConnection,
  outputFromNow,
  recoverySecretOf,
  rootTokenBy,
  storedKeys,
  VAULT,
} from "./first-boots";
import { DeployersUnsealKey } from "./key-vault-caller";
import { Load } from "./load";
import { type RunningSandbox, useSandbox } from "./running-sandbox";
import { LoggedInWorkload } from "./workloads";

const SNAPSHOT = "vault-snapshot.service";
const RESTORE = "vault-restore.service";

/** Subjects that share one system, because its start takes as long as one of them. */
describeWithVaultAndDatabase("In a system that changes while it runs:", () => {
  const running = useSandbox();
  changes(running);
  rotations(running);
});

/** docs/operations.md, "Rotate". No request may fail twice during a rotation. */
function rotations(running: RunningSandbox): void {
  describe("A rotation", () => {
    const vm = () => running.sandbox.vault;
    const sealed = async () =>
      (await running.client().request({ method: "GET", path: "sys/seal-status" }))["sealed"] as boolean;

    const unsealKey = new DeployersUnsealKey(() => running.sandbox);

    /** The newest snapshot's name, and the versions of the unseal key that it needs. */
    const lastSnapshot = () => {
      const [, name = "", versions = ""] =
        [
          ...vm()
            .output(SNAPSHOT)
            .matchAll(/vault-snapshot (\S+): stored, .*, key version ([0-9a-f ]+)$/gm),
        ].at(-1) ?? [];
      return { name, versions: versions.split(" ") };
    };

    describe("of the unseal key that stops half way", () => {
      let versions: string[];
      beforeEach(async () => {
        versions = [await unsealKey.version(), await unsealKey.rotate()];
      });
      afterEach(async () => {
        await unsealKey.enable(versions[0] ?? "", true);
        // When Vault starts, it wraps its data with the newest version.
        await running.restartVault();
      });

      it("shows in the next snapshot that Vault's data need the previous version, without which Vault stays sealed", async () => {
        const [before = "", now = ""] = versions;
        expect(now).not.toBe(before);
        expect(await sealed()).toBe(false);
        expect((await vm().run(SNAPSHOT)).code).toBe(0);
        expect(lastSnapshot().versions).toEqual([now, before]);
        await unsealKey.enable(before, false);
        const said = outputFromNow(vm(), VAULT);
        await vm()
          .restart(VAULT)
          .catch(() => undefined);
        await waitFor("Key Vault's refusal", () => /KeyDisabled|disabled key/.test(said()), { deadlineMs });
        expect(await sealed()).toBe(true);
        await unsealKey.enable(before, true);
        await running.restartVault();
        expect((await vm().run(SNAPSHOT)).code).toBe(0);
        expect(lastSnapshot().versions).toEqual([now]);
      });

      // snapshot.test.ts covers this kind.
      itTakesLong(
        "leaves a snapshot that is not restored while the previous version is disabled, and nothing changes",
        async () => {
          const [before = ""] = versions;
          expect((await vm().run(SNAPSHOT)).code).toBe(0);
          await unsealKey.enable(before, false);
          const file = vm().path("/etc/vault.d/vault.env");
          const text = readFileSync(file, "utf8");
          const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
          const asked = {
            RESTORE_REQUEST: time,
            RESTORE_SNAPSHOT: lastSnapshot().name,
            RESTORE_KIND: "force",
          };
          writeFileSync(
            file,
            Object.entries(asked).reduce(
              (lines, [name, value]) => lines.replace(new RegExp(`^${name}=.*$`, "m"), `${name}=${value}`),
              text,
            ),
          );
          try {
            expect(await vm().run(RESTORE)).toEqual({
              code: 1,
              output: expect.stringMatching(
                new RegExp(`needs version ${before} of vault-unseal, which is disabled; nothing was changed`),
              ),
            });
          } finally {
            writeFileSync(file, text);
          }
        },
      );
    });

    describe("under load", () => {
      let load: Load;
      let before = { sent: 0, failures: 0 };
      beforeAll(async () => {
        load = await Load.start(running.sandbox);
      }, 120_000);
      afterAll(() => load?.stop());
      beforeEach(() => {
        before = { sent: load.sent, failures: load.failures.length };
      });
      afterEach(async () => {
        const sent = load.sent;
        await waitFor("requests after the change", () => load.sent > sent + 20, { deadlineMs });
        expect(load.failures.slice(before.failures)).toEqual([]);
      });

      it("of the unseal key needs one deployment, which restarts Vault, and a snapshot shows that nothing needs the previous version", async () => {
        const old = await unsealKey.version();
        const version = await unsealKey.rotate();
        const pid = vm().pid(VAULT);
        await running.sandbox.redeploy(running.sandbox.environment);
        expect(vm().pid(VAULT)).not.toBe(pid);
        expect(lastSnapshot().versions).toEqual([version]);
        await unsealKey.enable(old, false);
        await running.restartVault();
        // Vault compares a recovery key with the value that the unseal key has wrapped.
        expect(await makesRootToken(storedKeys(running.sandbox).recovery_keys_base64.slice(0, 3))).toBe(true);
        const others = await running.deployer();
        await others.logOut();
      }, 240_000);

      it("of a transit key reaches every row, with the page's button or rewrap.js", async () => {
        const deployer = await running.deployer();
        await deployer.request({ method: "POST", path: "transit/keys/customer-key/rotate" });
        await deployer.logOut();
        const version = await latestKeyVersion(running.sandbox);
        const [webApp] = [...running.sandbox.webApps.values()];
        const page = async () => fetch(`${webApp?.url}/key`);
        const form = await page();
        const [, token = ""] = /name="_csrf" value="([^"]*)"/.exec(await form.text()) ?? [];
        const cookie = form.headers.get("set-cookie")?.split(";")[0] ?? "";
        const sent = await fetch(`${webApp?.url}/key/rewrap`, {
          method: "POST",
          redirect: "manual",
          headers: { cookie, "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams({ _csrf: token }),
        });
        expect(sent.status).toBe(303);
        await waitFor(
          "every row to be at the newest version",
          async () => (await (await page()).text()).includes(`all are at version ${version} of the key`),
          { deadlineMs },
        );
      }, 120_000);

      it("of the database administrator's password needs one request, and Vault creates users with the new password", async () => {
        const deployer = await running.deployer();
        await deployer.request({ method: "POST", path: "database/rotate-root/mysql" });
        await deployer.logOut();
        const workload = await LoggedInWorkload.of(running.sandbox, "webapp");
        const { body } = await workload.ask("GET database/creds/long");
        const connection: Connection = await connectToDatabase(running.sandbox, body.data);
        await connection.end();
      }, 120_000);

      describe("of the administrator's password that Vault has lost", () => {
        /** Raises mysql.passwordVersion. `meanwhile` runs between the stacks mysql and vault-config. */
        async function raisePasswordVersion(other: Connection, meanwhile = async () => {}): Promise<void> {
          const { sandbox } = running;
          const { mysql } = sandbox.environment;
          await changeAdministratorPassword(sandbox, other);
          await meanwhile();
          const environment = {
            ...sandbox.environment,
            mysql: { ...mysql, passwordVersion: mysql.passwordVersion + 1 },
          };
          await sandbox.redeploy(environment);
        }

        let other: Connection;
        beforeAll(async () => {
          other = await inspector(running.sandbox);
        });
        afterAll(() => other?.end());
        const credentials = async () =>
          (await LoggedInWorkload.of(running.sandbox, "webapp")).ask("GET database/creds/long");
        const lost = async (): Promise<string[]> => {
          const [rows] = await other.query<RowDataPacket[]>(
            `SELECT id FROM ${databaseName(running.sandbox)}.customers`,
          );
          const kept = new Set(rows.map(({ id }) => String(id)));
          return load.acknowledged.filter((id) => !kept.has(id));
        };

        itTakesLong(
          "needs a higher mysql.passwordVersion. Only new database users have to wait, and no acknowledged write is lost",
          async () => {
            const { sandbox } = running;
            await changeAdministratorPassword(sandbox, other);
            const refused = await credentials();
            expect([refused.status, refused.errors]).toEqual([500, expect.stringContaining("Access denied")]);
            const [sent, retried, acknowledged] = [load.sent, load.retried, load.acknowledged.length];
            await waitFor("requests while Vault cannot log in to MySQL", () => load.sent > sent + 20, {
              deadlineMs,
            });
            await raisePasswordVersion(other);
            const { status, body } = await credentials();
            expect(status).toBe(200);
            await (await connectToDatabase(sandbox, body.data)).end();
            // Vault has changed the password again.
            await expect(connectToDatabase(sandbox, administratorOf(sandbox))).rejects.toThrow(
              "Access denied",
            );
            expect(load.retried).toBe(retried);
            expect(load.acknowledged.length).toBeGreaterThan(acknowledged);
            expect(await lost()).toEqual([]);
          },
          120_000,
        );

        itTakesLong(
          "keeps an application that starts meanwhile away for at most 15 s after the deployment",
          async () => {
            const [webApp] = [...running.sandbox.webApps.values()];
            const isReady = async () => (await fetch(`${webApp?.url}/readyz`)).ok;
            for (let round = 1; round <= 3; round++) {
              await raisePasswordVersion(other, async () => {
                await webApp?.restart();
                await waitFor("the application to answer", async () => !(await isReady()), { deadlineMs });
              });
              await waitFor("the application to be ready", isReady, { deadlineMs: 15_000, intervalMs: 250 });
            }
            expect(await lost()).toEqual([]);
          },
          240_000,
        );
      });

      // certificate-renewal.ts and lifecycle.test.ts renew it, too.
      itTakesLong(
        "of Vault's certificate reaches all clients, with any certificate that they trusted",
        async () => {
          await running.sandbox.renewVaultCertificate();
          await running.sandbox.refreshVaultCertificate();
          const { code, output } = await vm().run(CERTIFICATE);
          expect([code, output]).toEqual([0, expect.stringContaining("serves the new certificate")]);
          await (await running.deployer()).logOut();
        },
        120_000,
      );

      it("of the recovery keys gives each holder a new share for that person alone, and the old keys create no root token", async () => {
        const holders = await Promise.all(["Ada", "Grace", "Mary"].map(holder));
        const old = storedKeys(running.sandbox).recovery_keys_base64;
        const vault = new VaultClient(localConnection(running.sandbox));
        const answer = await rekeyed(vault, old.slice(0, 3), {
          secret_shares: holders.length,
          secret_threshold: 2,
          pgp_keys: holders.map(({ publicKey }) => publicKey),
          require_verification: true,
        });
        const sealedShares = answer["keys_base64"] as string[];
        const shares = await Promise.all(holders.map(({ open }, index) => open(sealedShares[index] ?? "")));
        // The new shares count only after a threshold of them was verified.
        expect(await makesRootToken(old.slice(0, 3))).toBe(true);
        for (const key of shares.slice(0, 2)) {
          const body = { key, nonce: answer["verification_nonce"] };
          await vault.request({ method: "PUT", path: "sys/rekey-recovery-key/verify", body });
        }
        expect(await makesRootToken(shares.slice(1))).toBe(true);
        await expect(makesRootToken(old.slice(0, 3))).rejects.toThrow(/invalid|failed|400/);
        await storeNewKeys(vault, shares.slice(1));
      }, 120_000);
    });

    /** A person with a PGP key: its public half in Vault's format, and a function that opens a share. */
    async function holder(name: string) {
      const keys = await generateKey({ type: "rsa", rsaBits: 2048, userIDs: [{ name }], format: "armored" });
      const publicKey = Buffer.from((await readKey({ armoredKey: keys.publicKey })).write()).toString(
        "base64",
      );
      const privateKey = await readPrivateKey({ armoredKey: keys.privateKey });
      const open = async (share: string): Promise<string> => {
        const message = await readMessage({ binaryMessage: new Uint8Array(Buffer.from(share, "base64")) });
        return String((await decrypt({ message, decryptionKeys: privateKey })).data);
      };
      return { publicKey, open };
    }

    /** Returns Vault's answer to the last of the old keys: the new ones. */
    async function rekeyed(
      vault: VaultClient,
      old: readonly string[],
      body: Record<string, unknown>,
    ): Promise<Readonly<Record<string, unknown>>> {
      const { nonce } = await vault.request({ method: "PUT", path: "sys/rekey-recovery-key/init", body });
      let answer: Readonly<Record<string, unknown>> = {};
      for (const key of old) {
        const path = "sys/rekey-recovery-key/update";
        answer = await vault.request({ method: "PUT", path, body: { key, nonce } });
      }
      return answer;
    }

    /** Replaces recovery keys by new ones, and stores those in Key Vault, as first boot does. */
    async function storeNewKeys(vault: VaultClient, old: readonly string[]): Promise<void> {
      const { recovery_shares, recovery_threshold } = storedKeys(running.sandbox);
      const body = { secret_shares: recovery_shares, secret_threshold: recovery_threshold };
      const { keys_base64: recovery_keys_base64 } = await rekeyed(vault, old, body);
      const { keyVault, name } = recoverySecretOf(vm());
      const text = JSON.stringify({ recovery_shares, recovery_threshold, recovery_keys_base64 });
      running.sandbox.azure.keyVault(keyVault).setSecret(name, text);
    }

    async function makesRootToken(keys: readonly string[]): Promise<boolean> {
      const token = await rootTokenBy(running.sandbox, keys);
      if (token === undefined) return false;
      await new VaultClient(running.sandbox.vaultConnection(), token).logOut();
      return true;
    }
  });
}
