import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { worldOf } from "../../../sandbox/azurerm/azure-world";
import type { Machine } from "../../../sandbox/machine/machine";
import { describeLongWithVault } from "../programs-there";
import { Scene } from "./attacks/scene";
import { deadlineMs, localConnection, recoveryKeysWork, storedKeys, VAULT } from "./first-boots";
import { askKeyVault } from "./key-vault-caller";
import { withRegisterLoad } from "./register-load";
import { useSandbox } from "./running-sandbox";

const demo = loadEnvironment("demo");

describeLongWithVault("The seal of a single node", () => migrates(1));
describeLongWithVault("The seal of a cluster of three nodes", () => migrates(3));

/** Follows docs/operations.md, "Another key, or another Key Vault", as root on the VMs. Vault identifies a key by the names of the Key Vault and the key. */
function migrates(nodes: 1 | 3): void {
  const running = useSandbox({
    environment: { ...demo, vault: { ...demo.vault, nodes, publicAddress: nodes === 1 } },
    upTo: "vault",
  });
  const health = () => running.client().request({ method: "GET", path: "sys/health" });
  const untilActive = () => waitFor("Vault to be active", health, { deadlineMs });
  const seal = (key: string, more = "") =>
    `seal "azurekeyvault" {\n  name = "${key}"\n  vault_name = "${Scene.keyVaultNameOf(running.sandbox, "main")}"\n  key_name = "${key}"\n${more}}\n`;

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

  const vaultOf = (vault: Machine) =>
    new VaultClient(localConnection({ vault, vaultServerName: running.sandbox.vaultServerName }));
  const statusOf = (node: Machine) => vaultOf(node).request({ method: "GET", path: "sys/seal-status" });

  /** Replaces the seals in a node's configuration, and restarts its Vault. */
  async function restartWith(node: Machine, stanzas: string): Promise<void> {
    const env = node.path("/etc/vault.d/vault.env");
    writeFileSync(env, readFileSync(env, "utf8").replaceAll(/^VAULT_AZUREKEYVAULT_.*\n/gm, ""));
    const file = node.path("/etc/vault.d/vault.hcl");
    const others = readFileSync(file, "utf8").replaceAll(/^seal "azurekeyvault" \{[^}]*\}\n/gm, "");
    writeFileSync(file, `${others}\n${stanzas}`);
    await node.restart(VAULT).catch(() => undefined);
  }

  /** Waits until a node asks for the migration. Then a threshold of holders enter their recovery keys there. */
  async function migrate(node: Machine): Promise<void> {
    await waitFor(
      "Vault to ask for the migration",
      async () => (await statusOf(node))["migration"] === true,
      { deadlineMs },
    );
    const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(running.sandbox);
    const vault = vaultOf(node);
    for (const key of keys.slice(0, threshold))
      await vault.request({ method: "PUT", path: "sys/unseal", body: { key, migrate: true } });
    await untilUnsealed(node);
  }

  const untilUnsealed = (node: Machine) =>
    waitFor(
      `${node.name} to be unsealed`,
      async () => {
        if ((await statusOf(node))["sealed"] !== false) return false;
        const deployer = await running.deployer();
        const state = await deployer.request({ method: "GET", path: "sys/storage/raft/autopilot/state" });
        await deployer.logOut();
        return state["healthy"] === true && (state["voters"] as string[]).length === nodes;
      },
      { deadlineMs, intervalMs: 200 },
    );

  /** The standbys first, and the active node last. */
  async function inTurn(): Promise<Machine[]> {
    const { vaultNodes } = running.sandbox;
    const active = await Promise.all(
      vaultNodes.map(async (node) => {
        const leader = await vaultOf(node).request({ method: "GET", path: "sys/leader" });
        return leader["is_self"] === true;
      }),
    );
    return [
      ...vaultNodes.filter((_, index) => !active[index]),
      ...vaultNodes.filter((_, index) => active[index]),
    ];
  }

  it("migrates to another key with a quorum of recovery keys, and no longer needs the old key", async () => {
    const { sandbox } = running;
    await makeKey("vault-unseal-2");
    const both = seal("vault-unseal-2") + seal("vault-unseal", '  disabled = "true"\n');
    const change = async () => {
      const [standby] = await inTurn();
      if (nodes > 1 && standby) {
        await restartWith(standby, both);
        await migrate(standby);
        // Until the active node changes, the data are under the old key, and people may go back.
        await restartWith(standby, seal("vault-unseal"));
        await untilUnsealed(standby);
      }
      for (const node of await inTurn()) {
        await restartWith(node, both);
        await migrate(node);
      }
      for (const node of await inTurn()) {
        await restartWith(node, seal("vault-unseal-2"));
        await untilUnsealed(node);
      }
    };
    await (nodes === 1
      ? change()
      : withRegisterLoad(sandbox, "the seal is migrated node by node", deadlineMs, change));

    await askKeyVault(sandbox, "PATCH", "keys/vault-unseal", { attributes: { enabled: false } });
    await Promise.all(sandbox.vaultNodes.map((node) => node.restart(VAULT)));
    await untilActive();
    for (const node of sandbox.vaultNodes) await untilUnsealed(node);
    expect(await recoveryKeysWork(sandbox)).toBe(true);
    await (await running.deployer()).logOut();
  }, 600_000);
}
