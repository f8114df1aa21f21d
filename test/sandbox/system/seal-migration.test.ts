import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import type { AzureWorld } from "../../../sandbox/azure/model/world";
import { worldOf } from "../../../sandbox/azurerm/azure-world";
import type { Machine } from "../../../sandbox/machine/machine";
import { describeLongWithVault } from "../programs-there";
import { Scene } from "./attacks/scene";
import { isHealthy } from "./autopilot";
import { deadlineMs, localConnection, recoveryKeysWork, storedKeys, VAULT } from "./first-boots";
import { askKeyVault } from "./key-vault-caller";
import { withRegisterLoad } from "./register-load";
import { useSandbox } from "./running-sandbox";

const demo = loadEnvironment("demo");

interface UnsealKey {
  readonly keyVault: string;
  readonly name: string;
}

/** The key of the environment from which this one got its data. */
const othersKey: UnsealKey = { keyVault: "kv-first-abc123", name: "vault-unseal" };
const othersKeyId = `/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-first-vault/providers/Microsoft.KeyVault/vaults/${othersKey.keyVault}/keys/${othersKey.name}`;

describeLongWithVault("The seal of a single node", () =>
  migrates("another Key Vault", { unsealKey: othersKeyId }),
);
describeLongWithVault("The seal of a cluster of three nodes", () =>
  migrates("another key", { nodes: 3, publicAddress: false }),
);

/**
 * Follows docs/operations.md, "Another key, or another Key Vault", as root on the VMs. Vault identifies a key by the names of the Key
 * Vault and the key.
 */
function migrates(to: "another key" | "another Key Vault", edit: Partial<typeof demo.vault>): void {
  const vault = { ...demo.vault, ...edit };
  const { nodes } = vault;
  const running = useSandbox({ environment: { ...demo, vault }, upTo: "vault" });
  const seal = ({ keyVault, name }: UnsealKey, more = "") =>
    `seal "azurekeyvault" {\n  name = "${keyVault}-${name}"\n  vault_name = "${keyVault}"\n  key_name = "${name}"\n${more}}\n`;

  /** The key before the migration, and the key after it. Vault's identity may use both. */
  async function keys(): Promise<{ old: UnsealKey; other: UnsealKey }> {
    const own = { keyVault: Scene.keyVaultNameOf(running.sandbox, "main"), name: "vault-unseal" };
    if (to === "another Key Vault") return { old: othersKey, other: own };
    const other = { ...own, name: "vault-unseal-2" };
    await askKeyVault(running.sandbox, "POST", `keys/${other.name}/create`, {
      kty: "RSA",
      key_size: 3072,
      key_ops: ["wrapKey", "unwrapKey"],
    });
    changeRights((rights) => [...rights, ...rights.filter(isOf(own)).map((right) => onKey(right, other))]);
    return { old: own, other };
  }

  type Rights = AzureWorld["roleAssignments"];
  const isOf =
    ({ keyVault, name }: UnsealKey) =>
    ({ scope }: Rights[number]) =>
      scope.endsWith(`/vaults/${keyVault}/keys/${name}`);
  const onKey = (right: Rights[number], { name }: UnsealKey) => ({
    ...right,
    scope: right.scope.replace(/[^/]*$/, name),
  });

  let rights: Rights | undefined;
  function changeRights(change: (rights: Rights) => Rights): void {
    const { azure, deployment, environment } = running.sandbox;
    const world = worldOf(deployment, environment, join(running.folder, "stacks"));
    const before = rights ?? world.roleAssignments;
    rights = change(before);
    expect(rights).not.toHaveLength(before.length);
    azure.update({ ...world, roleAssignments: rights });
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
        return isHealthy(running, nodes);
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

  it(`migrates to ${to} with a quorum of recovery keys, and no longer needs the old key`, async () => {
    const { sandbox } = running;
    const { old, other } = await keys();
    const both = seal(other) + seal(old, '  disabled = "true"\n');
    const change = async () => {
      const [standby] = await inTurn();
      if (nodes > 1 && standby) {
        await restartWith(standby, both);
        await migrate(standby);
        // Until the active node changes, the data are under the old key, and people may go back.
        await restartWith(standby, seal(old));
        await untilUnsealed(standby);
      }
      for (const node of await inTurn()) {
        await restartWith(node, both);
        await migrate(node);
      }
      for (const node of await inTurn()) {
        await restartWith(node, seal(other));
        await untilUnsealed(node);
      }
    };
    await (nodes === 1
      ? change()
      : withRegisterLoad(sandbox, "the seal is migrated node by node", deadlineMs, change));

    changeRights((rights) => rights.filter((right) => !isOf(old)(right)));
    await Promise.all(sandbox.vaultNodes.map((node) => node.restart(VAULT)));
    await running.untilActive();
    for (const node of sandbox.vaultNodes) await untilUnsealed(node);
    expect(await recoveryKeysWork(sandbox)).toBe(true);
    await (await running.deployer()).logOut();
  }, 600_000);
}
