import { randomInt } from "node:crypto";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient, VaultRefusal } from "../../../lib/vault-api/vault-client";
import type { VaultConnection } from "../../../lib/vault-api/vault-connection";
import { deadlineMs } from "./first-boots";

/**
 * Interrupts requests that enable an audit device, until Vault writes to the device and does not list it. Vault then refuses the device until
 * its next start. Source: Vault 1.21, vault/audit.go (enableAudit registers a device before it stores it).
 *
 * @param token may enable and disable audit devices
 */
export async function leaveHalfMadeAuditDevice(
  connection: Omit<VaultConnection, "jwt">,
  token: string,
  { name, file }: { name: string; file: string },
): Promise<void> {
  const path = `sys/audit/${name}`;
  const body = { type: "file", options: { file_path: file, mode: "0600" } };
  const root = new VaultClient(connection, token);
  /** Milliseconds that the request took when it was last complete. */
  let usualMs = 40;
  await waitFor(
    `Vault to keep a half-made audit device ${name}`,
    async () => {
      await root.request({ method: "DELETE", path });
      const impatient = new VaultClient(connection, token, randomInt(1, usualMs));
      await impatient.request({ method: "PUT", path, body }).catch(() => {});
      impatient.close();
      if (`${name}/` in ((await root.read("sys/audit")) ?? {})) return false;
      const start = performance.now();
      const refused = await root.request({ method: "PUT", path, body }).catch((error) => error);
      // A new connection takes longer.
      usualMs = Math.ceil(2 * (performance.now() - start)) + 20;
      return refused instanceof VaultRefusal && /already registered/.test(refused.message);
    },
    { deadlineMs },
  );
  root.close();
}
