import { gzipSync } from "node:zlib";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { loadEnvironment } from "../../../environments/load";
import { UserError } from "../../../lib/processes/user-error";
import type { CheckContext } from "../../../scripts/deployment/preflight/check";
import { checkSeal } from "../../../scripts/deployment/preflight/seal-check";
import { StackState } from "../../../scripts/deployment/stack-state";
import { vaultServer } from "../../cloud-init/examples";

const version = "1".repeat(32);
const other =
  "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-first-vault/providers/Microsoft.KeyVault/vaults/kv-first-abc123/keys/vault-unseal";
const snapshot = `vault-snapshot 20261126T030000Z-1: stored, 1 bytes, Vault 2.2.2, key version ${version}\r\n`;

describe("Another unseal key", () => {
  const demo = loadEnvironment("demo");
  const [own, first] = ["kv-demo-abc123", "kv-first-abc123"].map(
    (name) => `https://${name}.vault.azure.net/keys/vault-unseal`,
  );

  interface Scene {
    /** The Key Vault with which Vault seals itself. */
    sealsWith?: string;
    unsealKey?: string;
    console?: string;
    /** The enabled versions in Key Vault. */
    enabled?: readonly string[];
    disabled?: readonly string[];
  }
  function problems({ sealsWith = "kv-demo-abc123", unsealKey, console = "", ...keys }: Scene) {
    const user_data = gzipSync(
      vaultServerUserData({ ...vaultServer, keyVaultName: sealsWith, unsealKeyName: "vault-unseal" }),
    ).toString("base64");
    const resource = (type: string, name: string, attributes: Record<string, unknown>) => ({
      mode: "managed",
      type,
      name,
      instances: [{ attributes }],
    });
    const id = `${other.split("/providers/")[0]}/providers/Microsoft.Compute/virtualMachines/vm`;
    const state = new StackState({
      outputs: {},
      resources: [
        resource("azurerm_linux_virtual_machine", "node", { id, name: "vm", user_data }),
        resource("azurerm_key_vault_key", "unseal-key", { versionless_id: own }),
      ],
    });
    const az = {
      attempt: async () => ({ code: 0, stdout: console, stderr: "" }),
      json: async (_: unknown, ...args: string[]) => {
        const key = args.at(-1) ?? "";
        if (keys.enabled?.includes(key)) return { attributes: { enabled: true } };
        if (keys.disabled?.includes(key)) return { attributes: { enabled: false } };
        throw new UserError("KeyNotFound");
      },
    };
    return checkSeal({
      az,
      environment: { ...demo, vault: { ...demo.vault, unsealKey } },
      stacks: [{ name: "vault-server" }],
      states: new Map([["vault-server", state]]),
    } as unknown as CheckContext);
  }

  it.each<[string, Scene]>([
    ["that is the previous key", {}],
    ["that is another environment's, as before", { sealsWith: "kv-first-abc123", unsealKey: other }],
    ["after a migration", { unsealKey: other, console: snapshot, enabled: [`${first}/${version}`] }],
    [
      "after a migration from another environment's to its own",
      { sealsWith: "kv-first-abc123", console: snapshot, enabled: [`${own}/${version}`] },
    ],
  ])("may be deployed: one %s", async (_, scene) => {
    expect(await problems(scene)).toEqual([]);
  });

  it.each<[string, Scene, RegExp]>([
    [
      "lacks the version that Vault's data need",
      { console: snapshot },
      new RegExp(`needs version ${version}, which ${first} does not have enabled`),
    ],
    ["has it disabled", { console: snapshot, disabled: [`${first}/${version}`] }, /does not have enabled/],
    [
      "is there, and no snapshot shows what Vault's data need",
      { enabled: [`${first}/${version}`] },
      /no node's serial console tells of a snapshot/,
    ],
  ])("is refused before it seals Vault: it %s", async (_, scene, sentence) => {
    const [problem, ...others] = await problems({ unsealKey: other, ...scene });
    expect(others).toEqual([]);
    expect(problem).toMatch(/^vault\.unsealKey: .*Undo the edit, or migrate the seal first/);
    expect(problem).toMatch(sentence);
  });
});
