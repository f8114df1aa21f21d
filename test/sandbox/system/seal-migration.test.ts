import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { worldOf } from "../../../sandbox/azurerm/azure-world";
import { describeLongWithVault } from "../programs-there";
import { Scene } from "./attacks/scene";
import { deadlineMs, localConnection, recoveryKeysWork, storedKeys, VAULT } from "./first-boots";
import { askKeyVault } from "./key-vault-caller";
import { useSandbox } from "./running-sandbox";

/** Follows docs/operations.md, "Another key, or another Key Vault", as root on the VM. Vault identifies a key by the names of the Key Vault and the key. */
describeLongWithVault("Vault's seal", () => {
  const running = useSandbox({ upTo: "vault" });
  const vm = () => running.sandbox.vault;
  const keyVaultName = () => Scene.keyVaultNameOf(running.sandbox, "main");
  const health = () => running.client().request({ method: "GET", path: "sys/health" });
  const untilActive = () => waitFor("Vault to be active", health, { deadlineMs });
  const seal = (key: string, more = "") =>
    `seal "azurekeyvault" {\n  name = "${key}"\n  vault_name = "${keyVaultName()}"\n  key_name = "${key}"\n${more}}\n`;

  /** Creates another key, and gives Vault the right to use it. */
  async function makeKey(name: string): Promise<void> {
    const { sandbox, folder } = running;
    await askKeyVault(running.sandbox, "POST", `keys/${name}/create`, {
      kty: "RSA",
      key_size: 3072,
      key_ops: ["wrapKey", "unwrapKey"],
    });
    const world = worldOf(sandbox.deployment, sandbox.environment, join(folder, "stacks"));
    const rights = world.roleAssignments
      .filter(({ scope }) => scope.endsWith("/keys/vault-unseal"))
      .map((right) => ({ ...right, scope: right.scope.replace(/vault-unseal$/, name) }));
    expect(rights).toHaveLength(1);
    sandbox.azure.update({ ...world, roleAssignments: [...world.roleAssignments, ...rights] });
  }

  const configure = (stanzas: string) => {
    const file = vm().path("/etc/vault.d/vault.hcl");
    const others = readFileSync(file, "utf8").replaceAll(/^seal "azurekeyvault" \{[^}]*\}\n/gm, "");
    writeFileSync(file, `${others}\n${stanzas}`);
  };

  it("migrates to another key with a quorum of recovery keys, and no longer needs the old key", async () => {
    await makeKey("vault-unseal-2");
    const env = vm().path("/etc/vault.d/vault.env");
    writeFileSync(env, readFileSync(env, "utf8").replaceAll(/^VAULT_AZUREKEYVAULT_.*\n/gm, ""));
    configure(seal("vault-unseal-2") + seal("vault-unseal", '  disabled = "true"\n'));
    await vm()
      .restart(VAULT)
      .catch(() => undefined);
    const vault = new VaultClient(localConnection(running.sandbox));
    const status = () => vault.request({ method: "GET", path: "sys/seal-status" });
    await waitFor("Vault to ask for the migration", async () => (await status())["migration"] === true, {
      deadlineMs,
    });
    const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(running.sandbox);
    for (const key of keys.slice(0, threshold))
      await vault.request({ method: "PUT", path: "sys/unseal", body: { key, migrate: true } });
    await untilActive();

    configure(seal("vault-unseal-2"));
    await askKeyVault(running.sandbox, "PATCH", "keys/vault-unseal", { attributes: { enabled: false } });
    await vm().restart(VAULT);
    await untilActive();
    expect(await recoveryKeysWork(running.sandbox)).toBe(true);
    await (await running.deployer()).logOut();
  }, 300_000);
});
