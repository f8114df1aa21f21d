import { VaultClient } from "../../../lib/vault-api/vault-client";
import { RegisterClients } from "../../../sandbox/system/register-clients";
import { violations } from "../../../sandbox/system/register-history";
import type { Sandbox } from "../../../sandbox/system/sandbox";

/**
 * Disturbs a cluster while clients write and read registers. Vault must acknowledge writes before and afterwards, and the clients'
 * history must be linearizable. Prints the duration, and the longest time without an acknowledged write.
 * @param deadlineMs milliseconds until writes are acknowledged
 */
export async function withRegisterLoad(
  sandbox: Sandbox,
  what: string,
  deadlineMs: number,
  disturb: (clients: RegisterClients) => Promise<void>,
): Promise<void> {
  const { auth } = (await new VaultClient(sandbox.vaultConnection()).request({
    method: "POST",
    path: "auth/deployer/login",
    body: { role: "deployer", jwt: sandbox.deployerToken() },
  })) as unknown as { auth: { client_token: string } };
  const client = () => new VaultClient(sandbox.vaultConnection(), auth.client_token, 5_000);
  const clients = new RegisterClients(client(), client());
  const start = performance.now();
  try {
    await clients.untilWritten(deadlineMs, 10);
    await disturb(clients);
    await clients.untilWritten(deadlineMs, 10);
  } finally {
    await clients.stop();
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.info(
    `${what}: ${seconds} s, at most ${clients.longestPause.toFixed(1)} s without an acknowledged write`,
  );
  expect(violations(clients.history)).toEqual([]);
}
