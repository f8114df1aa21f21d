import { readFileSync } from "node:fs";
import { waitFor } from "../../../../lib/processes/wait-for";
import { VaultClient } from "../../../../lib/vault-api/vault-client";
import { virtualMachines } from "../../../../sandbox/azurerm/virtual-machines";
import { localConnection, rootTokenBy, storedKeys } from "../first-boots";
import type { RunningSandbox } from "../running-sandbox";
import { Vault2Gate } from "../vault-2-gate";
import { askVault } from "../vault-caller";
import { LoggedInWorkload } from "../workloads";

export const reader = "00000000-0000-4000-8000-0000000000aa";
export const otherReader = "00000000-0000-4000-8000-0000000000bb";
const management = "https://management.azure.com/";

/** @param running a system with these two readers */
export const recoveryKeys = (running: RunningSandbox): void =>
  describe("The recovery keys", () => {
    const locally = () => new VaultClient(localConnection(running.sandbox));
    const started = async () =>
      Promise.all(
        ["sys/generate-root/attempt", "sys/rekey/init", "sys/rekey-recovery-key/init"].map(
          async (path) => (await locally().request({ method: "GET", path }))["started"],
        ),
      );
    const quorum = () => {
      const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(running.sandbox);
      return keys.slice(0, threshold);
    };
    const rekey = { secret_shares: 1, secret_threshold: 1 };
    const cancelRekey = async (client: VaultClient) => {
      const path = "sys/rekey-recovery-key/init";
      const { nonce } = await client.request({ method: "GET", path });
      await client.request({ method: "DELETE", path, body: { nonce } });
    };

    describe("of a Vault before 2.0, which lets everybody start and cancel,", () => {
      it("work on its machine, where everybody can start and cancel without a token", async () => {
        await locally().request({ method: "PUT", path: "sys/rekey-recovery-key/init", body: rekey });
        await locally().request({ method: "PUT", path: "sys/generate-root/attempt", body: {} });
        expect(await started()).toEqual([true, false, true]);
        await cancelRekey(locally());
        await locally().request({ method: "DELETE", path: "sys/generate-root/attempt" });
        expect(await started()).toEqual([false, false, false]);
      });

      it.each([
        "sys/generate-root/attempt",
        "sys/generate-root/update",
        "sys/rekey/init",
        "sys/rekey/update",
        "sys/rekey/verify",
        "sys/rekey/backup",
        "sys/rekey-recovery-key/init",
        "sys/rekey-recovery-key/update",
        "sys/rekey-recovery-key/verify",
        "sys/rekey-recovery-key/init/",
        "sys/rekey-recovery-key/init?x=1",
        "SYS/Rekey-Recovery-Key/INIT",
        "sys//rekey-recovery-key/init",
        "sys/./rekey-recovery-key/init",
        "sys/x/../rekey-recovery-key/init",
        "sys/rekey-recovery-key//init",
        "../v1/sys/rekey-recovery-key/init",
        "/v1/sys/rekey-recovery-key/init",
        "sys%2Frekey-recovery-key%2Finit",
        "sys%2frekey-recovery-key/init",
        "sys/rekey%2Drecovery%2Dkey/init",
        "sys/%72ekey-recovery-key/init",
        "%73%79%73/%72ekey/%69nit",
        "sys/generate-root%2Fattempt",
        "sys/generate%2droot/attempt",
        "root/sys/rekey/init",
      ])("refuse every request from the network to %s, with any method", async (path) => {
        for (const method of ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "LIST"]) {
          const answer = await askVault(running.sandbox, undefined, {
            method,
            path,
            body: method === "GET" ? undefined : rekey,
          });
          expect({ method, path, status: answer.status }).toEqual({ method, path, status: 403 });
        }
        expect(await started()).toEqual([false, false, false]);
      });

      it("refuse a cancellation from the network, with any spelling of the path", async () => {
        const { nonce } = await locally().request({
          method: "PUT",
          path: "sys/rekey-recovery-key/init",
          body: rekey,
        });
        await locally().request({ method: "PUT", path: "sys/generate-root/attempt", body: {} });
        for (const path of [
          "sys/generate-root/attempt",
          "sys/%67enerate-root/attempt",
          "sys/rekey-recovery-key/init",
          "sys//rekey-recovery-key/init",
        ]) {
          await askVault(running.sandbox, undefined, { method: "DELETE", path, body: { nonce } });
        }
        expect(await started()).toEqual([true, false, true]);
        await cancelRekey(locally());
        await locally().request({ method: "DELETE", path: "sys/generate-root/attempt" });
      });

      it("refuse a path that cannot be decoded", async () => {
        expect((await askVault(running.sandbox, undefined, { path: "sys/rekey%zz/init" })).status).toBe(400);
      });

      it("also refuse deployers, workloads and readers on the network", async () => {
        const workload = await LoggedInWorkload.of(running.sandbox, "agent");
        const deployer = await running.deployer();
        const person = running.client(await readersToken());
        for (const ask of [
          workload.ask("PUT sys/generate-root/attempt", {}).then(({ status }) => status),
          ...[deployer, person].map((client) =>
            client
              .request({ method: "PUT", path: "sys/generate-root/attempt", body: {} })
              .catch((error) => error.status),
          ),
        ]) {
          expect(await ask).toBe(403);
        }
      });
    });

    describe("HAProxy in front of Vault", () => {
      it("forwards the client's own address, and ignores the address that the client claims", async () => {
        const workload = await LoggedInWorkload.of(running.sandbox, "agent");
        const address = addressOf(workload);
        const question = { path: "auth/token/lookup-self", token: workload.token };
        expect((await askVault(running.sandbox, workload.place, question)).status).toBe(200);
        for (const name of ["X-Forwarded-For", "x-forwarded-for", "Forwarded", "X-Real-IP"]) {
          const forged = {
            ...question,
            headers: { [name]: name === "Forwarded" ? `for=${address}` : address },
          };
          expect((await askVault(running.sandbox, undefined, forged)).status).toBe(403);
        }
      });

      it("leaves the client's own address in the audit log", async () => {
        const workload = await LoggedInWorkload.of(running.sandbox, "agent");
        await workload.ask("GET auth/token/lookup-self");
        const log = readFileSync(running.sandbox.vault.path("/var/log/vault/first-boot-audit.log"), "utf8");
        const entries = log
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line));
        const asked = entries.filter(({ request }) => request?.path === "auth/token/lookup-self").at(-1);
        expect(asked.request.remote_address).toBe(addressOf(workload));
      });

      it("answers like Vault's API while Vault is down, and continues when Vault is back", async () => {
        await running.sandbox.vault.stop("vault.service");
        expect(await askVault(running.sandbox, undefined, { path: "sys/health" })).toMatchObject({
          status: 503,
          errors: "Vault does not answer",
        });
        await running.sandbox.vault.start("vault.service");
        const health = async () =>
          (await askVault(running.sandbox, undefined, { path: "sys/health" })).status;
        await waitFor("Vault to be active", async () => (await health()) === 200, { deadlineMs: 60_000 });
      });

      const addressOf = ({ place }: LoggedInWorkload) =>
        virtualMachines(running.sandbox.deployment).find(({ name }) => name === place)?.privateAddress ?? "";
    });

    describe("of Vault 2.x, behind a gate that behaves like 2.x at these endpoints,", () => {
      let gate: Vault2Gate;
      beforeAll(async () => {
        gate = await Vault2Gate.start(running.sandbox);
      });
      afterAll(() => gate?.stop());

      const through = (token?: string) =>
        new VaultClient({ address: gate.address, caFile: running.sandbox.caFile }, token);

      it("create a root token, together with the login of a named reader", async () => {
        const person = through(await readersToken());
        const token = await rootTokenBy(running.sandbox, quorum(), person);
        const root = await through(token).request({ method: "GET", path: "auth/token/lookup-self" });
        expect(root["policies"]).toEqual(["root"]);
        await through(token).request({ method: "POST", path: "auth/token/revoke-self" });
      });

      it("create a root token for two readers with too few keys each, if one starts and the other enters the last key", async () => {
        const [grace, hedy] = [through(await readersToken()), through(await readersToken(otherReader))];
        const [first = "", second = "", last = ""] = quorum();
        expect(await rootTokenBy(running.sandbox, [first, second], grace)).toBeUndefined();
        const attempt = "sys/generate-root/attempt";
        const { nonce, otp } = await grace.request({ method: "PUT", path: attempt, body: {} });
        const give = (who: VaultClient, key: string) =>
          who.request({ method: "PUT", path: "sys/generate-root/update", body: { key, nonce } });
        expect(await give(grace, first)).toMatchObject({ progress: 1, complete: false });
        expect(await give(grace, second)).toMatchObject({ progress: 2, complete: false });
        // Hedy sees the attempt in which she takes part, but not the OTP that decodes the token.
        expect(await hedy.request({ method: "GET", path: attempt })).toMatchObject({
          nonce,
          progress: 2,
          otp: "",
        });
        const { complete, encoded_token: encoded } = await give(hedy, last);
        expect(complete).toBe(true);
        const bytes = Buffer.from(String(encoded), "base64").map(
          (byte, index) => byte ^ (Buffer.from(String(otp))[index] ?? 0),
        );
        const root = through(Buffer.from(bytes).toString());
        expect((await root.request({ method: "GET", path: "auth/token/lookup-self" }))["policies"]).toEqual([
          "root",
        ]);
        await root.request({ method: "POST", path: "auth/token/revoke-self" });
      });

      it("start new recovery keys, count the first share, and cancel, together with the login of a named reader", async () => {
        const person = through(await readersToken());
        const body = { secret_shares: 5, secret_threshold: 3 };
        const { nonce } = await person.request({ method: "PUT", path: "sys/rekey-recovery-key/init", body });
        const [key] = quorum();
        const update = { key, nonce };
        expect(
          await person.request({ method: "PUT", path: "sys/rekey-recovery-key/update", body: update }),
        ).toMatchObject({ progress: 1 });
        await cancelRekey(person);
      });

      it("do nothing without a login", async () => {
        await expect(rootTokenBy(running.sandbox, quorum(), through())).rejects.toThrow("403");
        for (const path of ["sys/generate-root/attempt", "sys/rekey-recovery-key/init", "sys/rekey/init"]) {
          for (const method of ["GET", "PUT", "DELETE"] as const) {
            await expect(through().request({ method, path })).rejects.toThrow("403");
          }
        }
      });

      it("do nothing for a deployer or a workload", async () => {
        const deployer = await VaultClient.loggedIn({
          address: gate.address,
          caFile: running.sandbox.caFile,
          jwt: running.sandbox.deployerToken(),
        });
        await expect(rootTokenBy(running.sandbox, quorum(), deployer)).rejects.toThrow("403");
        const { token } = await LoggedInWorkload.of(running.sandbox, "agent");
        await expect(rootTokenBy(running.sandbox, quorum(), through(token))).rejects.toThrow("403");
      });

      it("create no root token if there are too few, with any login", async () => {
        expect(
          await rootTokenBy(running.sandbox, quorum().slice(1), through(await readersToken())),
        ).toBeUndefined();
      });
    });

    describe("A reader's login", () => {
      it("reaches the recovery endpoints and its own token, and nothing else", async () => {
        const person = running.client(await readersToken());
        const { policies } = await person.request({ method: "GET", path: "auth/token/lookup-self" });
        expect(policies).toEqual(["recovery-key-reader"]);
        const paths = [
          "sys/mounts",
          "sys/auth",
          "sys/audit",
          "sys/policies/acl/deployer",
          "sys/rekey/init",
          "database/creds/short",
          "transit/keys/customer-key",
          "auth/deployer/role/deployer",
          "auth/recovery/role/recovery-key-reader",
          "cubbyhole/x",
          "sys/storage/raft/snapshot",
          "auth/token/create",
        ];
        for (const path of paths)
          await expect(person.request({ method: "GET", path })).rejects.toThrow("403");
      });

      it("is refused to a deployer, and a deployer's login to a reader", async () => {
        const login = (mount: string, role: string, jwt: string) =>
          running.client().request({ method: "POST", path: `auth/${mount}/login`, body: { role, jwt } });
        await expect(
          login("recovery", "recovery-key-reader", running.sandbox.deployerToken()),
        ).rejects.toThrow(/40[03]/);
        await expect(
          login("deployer", "deployer", running.sandbox.azure.tokenForPerson(reader, management)),
        ).rejects.toThrow(/40[03]/);
      });
    });

    const readersToken = async (objectId = reader): Promise<string> => {
      const jwt = running.sandbox.azure.tokenForPerson(objectId, management);
      const body = { role: "recovery-key-reader", jwt };
      const answer = await running.client().request({ method: "POST", path: "auth/recovery/login", body });
      return (answer["auth"] as { client_token: string }).client_token;
    };
  });
