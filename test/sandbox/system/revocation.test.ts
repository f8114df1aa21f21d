import type { Connection } from "mysql2/promise";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { describeWithVaultAndDatabase } from "../programs-there";
import { connectToDatabase } from "./database-access";
import { rootTokenBy, storedKeys } from "./first-boots";
import { useSandbox } from "./running-sandbox";
import { LoggedInWorkload } from "./workloads";

/** docs/security.md, "What a revocation ends". */
describeWithVaultAndDatabase("A revocation", () => {
  const running = useSandbox({ upTo: "vault-config" });
  let connection: Connection | undefined;
  afterAll(() => connection?.end());

  it("of a database lease lets nobody in any more, and leaves a session that is open", async () => {
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

  it("of all logins leaves a batch token, and the end of its policy does not", async () => {
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
});
