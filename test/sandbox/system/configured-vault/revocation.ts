import type { Connection, RowDataPacket } from "mysql2/promise";
import { VaultClient } from "../../../../lib/vault-api/vault-client";
import { endAccess, proveGone } from "../../../../scripts/deployment/removed-workloads";
import { inspector } from "../../../app/running-application";
import { connectToDatabase } from "../database-access";
import { rootTokenBy, storedKeys } from "../first-boots";
import type { RunningSandbox } from "../running-sandbox";
import { LoggedInWorkload } from "../workloads";

/** docs/security.md, "What a revocation ends". */
export const revocation = (running: RunningSandbox): void =>
  describe("A revocation", () => {
    let connection: Connection | undefined;
    beforeEach(() => running.sandbox.applyVaultConfig());
    afterAll(async () => {
      await connection?.end();
      await running.sandbox.applyVaultConfig();
    });

    it("of a database lease blocks new connections, and leaves an open session", async () => {
      const workload = await LoggedInWorkload.of(running.sandbox, "webapp");
      const { body } = await workload.ask("GET database/creds/long");
      connection = await connectToDatabase(running.sandbox, body.data);
      const deployer = await running.deployer();
      const path = "sys/leases/revoke-prefix/database/creds/long";
      await deployer.request({ method: "PUT", path, body: { sync: true } });
      await deployer.logOut();
      await expect(connectToDatabase(running.sandbox, body.data)).rejects.toThrow("Access denied");
      expect((await connection.query("SELECT 1 AS alive"))[0]).toEqual([{ alive: 1 }]);
    });

    it("of all logins leaves a batch token, but the deletion of its policy ends the token's rights", async () => {
      const workload = await LoggedInWorkload.of(running.sandbox, "webapp");
      const encrypt = () => workload.ask("POST transit/encrypt/customer-key", { plaintext: "aGVsbG8=" });
      const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(running.sandbox);
      const token = await rootTokenBy(running.sandbox, keys.slice(0, threshold));
      const root = new VaultClient(running.sandbox.vaultConnection(), token);
      await root.request({ method: "PUT", path: "sys/leases/revoke-prefix/auth/jwt", body: { sync: true } });
      await root.logOut();
      expect((await encrypt()).status).toBe(200);
      const deployer = await running.deployer();
      await deployer.request({ method: "DELETE", path: "auth/jwt/role/webapp-role" });
      expect((await encrypt()).status).toBe(200);
      await deployer.request({ method: "DELETE", path: "sys/policies/acl/workload-webapp" });
      await deployer.logOut();
      expect((await encrypt()).status).toBe(403);
    });

    it.each([
      ["a VM", "agent", "azure", "short"],
      ["a web app", "webapp", "jwt", "long"],
    ])(
      "of %s that the environment no longer names leaves no right, no lease and no user in MySQL, with the steps of scripts/deploy",
      async (_, name, mount, role) => {
        connection = await inspector(running.sandbox);
        const users = async () => {
          const query = "SELECT User AS name FROM mysql.user WHERE User LIKE ?";
          const [rows] = await (connection as Connection).query<RowDataPacket[]>(query, [`v-%-${role}-%`]);
          return rows.map((row) => String(row["name"]));
        };
        const workload = await LoggedInWorkload.of(running.sandbox, name);
        const credentials = () => workload.ask(`GET database/creds/${role}`);
        expect([(await credentials()).status, (await credentials()).status]).toEqual([200, 200]);
        expect((await users()).length).toBeGreaterThanOrEqual(2);
        const removed = { mount, role: `${name}-role`, policies: [`workload-${name}`] };

        const deployer = await running.deployer();
        // This runs twice, because the previous run may have been killed after it.
        await endAccess(deployer, removed);
        const prefixes = await endAccess(deployer, removed);
        expect(prefixes).toContain(`database/creds/${role}`);
        expect((await credentials()).status).toBe(403);
        await expect(proveGone(deployer, removed)).rejects.toThrow(
          `still has auth/${mount}/role/${name}-role`,
        );
        for (const path of [`auth/${mount}/role/${name}-role`, `sys/policies/acl/workload-${name}`])
          await deployer.request({ method: "DELETE", path });
        await proveGone(deployer, removed);
        await deployer.logOut();

        expect(await users()).toEqual([]);
        await expect(LoggedInWorkload.of(running.sandbox, name)).rejects.toThrow(/40[03]/);
        const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(running.sandbox);
        const token = await rootTokenBy(running.sandbox, keys.slice(0, threshold));
        const root = new VaultClient(running.sandbox.vaultConnection(), token);
        for (const prefix of prefixes)
          expect([prefix, await root.read(`sys/leases/lookup/${prefix}`, "LIST")]).toEqual([
            prefix,
            undefined,
          ]);
        await root.logOut();
        // Vault revokes each revocable token. A batch token stays, without a right.
        const own = await workload.ask("GET auth/token/lookup-self");
        expect(own.status).toBe(mount === "azure" ? 403 : 200);
        expect((await workload.ask("POST transit/encrypt/customer-key", { plaintext: "eA==" })).status).toBe(
          403,
        );
      },
    );
  });
