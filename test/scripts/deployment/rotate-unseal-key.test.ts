import "./in-this-process";
import { gzipSync } from "node:zlib";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { versionOf } from "../../../scripts/deployment/machine-changes";
import { neededVersions } from "../../../scripts/deployment/unseal-key";
import { vaultServer } from "../../cloud-init/examples";
import { itTakesLong } from "../../long-tests";
import { DeploymentScene, stateOf, subscriptionId } from "./deployment-scene";

jest.setTimeout(120_000); // seconds on an idle machine

const [before, after] = ["0".repeat(32), "1".repeat(32)];
const stored = (time: string, versions: string) =>
  `vault-snapshot ${time}-4711: stored, 40960 bytes, Vault 2.2.2, key version ${versions}\r\n`;

it("The newest snapshot of all nodes names the versions of the unseal key that Vault's data need", () => {
  const consoles = [stored("20261126T030000Z", after), stored("20261126T020000Z", `${after} ${before}`)];
  expect(neededVersions(consoles)).toEqual([after]);
  expect(neededVersions([...consoles, stored("20261126T040000Z", `${after} ${before}`)])).toEqual([
    after,
    before,
  ]);
  expect(neededVersions(["[ 1.0] systemd"])).toBeUndefined();
});

describe("scripts/rotate-unseal-key", () => {
  const scene = DeploymentScene.use();
  const log = "az/vm-boot-diagnostics-get-boot-log";
  const id = `/subscriptions/${subscriptionId}/resourceGroups/rg-demo-vault/providers/Microsoft.Compute/virtualMachines/vm`;
  const key = "https://kv-demo-abc123.vault.azure.net/keys/vault-unseal";
  const userData = vaultServerUserData({ ...vaultServer, unsealKeyModulus: after });
  const version = (name: string, enabled = true) => ({ kid: `${key}/${name}`, attributes: { enabled } });
  const keyCalls = () =>
    scene.imitations.calls
      .filter(({ program, args }) => program === "az" && args[1] === "key")
      .map(({ args }) =>
        args
          .filter((arg) => !/^--(?:output|only-show-errors|id)$|^json$/.test(arg))
          .slice(2)
          .join(" "),
      )
      .filter((call) => /^(?:rotate|set-attributes)/.test(call));

  beforeEach(() => {
    const { imitations, vault } = scene;
    imitations.deployed("vm-reader-role", "network");
    const resource = (type: string, name: string, attributes: object) => ({
      mode: "managed",
      type,
      name,
      instances: [{ attributes }],
    });
    const outputs = {
      vault_https_addr: vault.address,
      vault_certificate_url: "https://kv-demo-abc123.vault.azure.net/certificates/vault-tls",
    };
    const state = (text: string) =>
      stateOf("vault-server", outputs, [
        resource("azurerm_linux_virtual_machine", "node", {
          id,
          name: "vm-demo-vault-1",
          user_data: gzipSync(text).toString("base64"),
        }),
        resource("azurerm_key_vault_key", "unseal-key_key_1", { versionless_id: key }),
      ]);
    imitations.answer(
      "deployed/vault-server",
      state(vaultServerUserData({ ...vaultServer, unsealKeyModulus: before })),
    );
    imitations.deployed("vault-server");
    imitations.answer("deployed/vault-server", state(userData));
    imitations.answer("az/keyvault-key-rotate", version(after));
    imitations.answer("az/keyvault-key-set-attributes", version(before, false));
    imitations.answer("az/keyvault-key-show", {
      key: { kid: `${key}/${after}` },
      attributes: { enabled: true },
    });
  });

  const console = (...snapshots: string[]) =>
    scene.imitations.answer(log, `user-data ${versionOf(userData)}: applied\r\n${snapshots.join("")}`);

  it("creates no second version during a rotation, and disables the previous one when no snapshot needs it", async () => {
    scene.imitations.answer("az/keyvault-key-list-versions", [
      version(before),
      version(after),
      version("2", false),
    ]);
    console(stored("20261126T030000Z", `${after} ${before}`), stored("20261126T040000Z", after));
    const { code, stdout } = await scene.start("rotate-unseal-key", ["--wait", "60"]).ended;
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `Vault's data need version ${after} of the unseal key, and no other.\n`,
    });
    expect(keyCalls()).toEqual([`set-attributes ${key}/${before} --enabled false`]);
    expect(scene.imitations.changes).toEqual(["apply vault-server"]);
  });

  it("rotates if one version is enabled, and disables nothing while the newest snapshot needs another version", async () => {
    scene.imitations.answer("az/keyvault-key-list-versions", [version(before)]);
    console(stored("20261126T040000Z", before));
    const { code, stderr } = await scene.run("rotate-unseal-key", ["--wait", "5"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(
        `No version was disabled: the newest snapshot needs ${before}. Vault takes a snapshot every 1h`,
      ),
    });
    expect(keyCalls()).toEqual([`rotate ${key}`]);
  });

  it("changes nothing while Vault's data need a disabled version, because Vault would stay sealed after a restart", async () => {
    scene.imitations.answer("az/keyvault-key-list-versions", [version(before, false), version(after)]);
    console(stored("20261126T040000Z", `${after} ${before}`));
    const { code, stderr } = await scene.run("rotate-unseal-key", ["--wait", "1"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`its data need ${before} of the unseal key, which is disabled`),
    });
    expect([keyCalls(), scene.imitations.changes]).toEqual([[], []]);
  });

  it("leaves another environment's key alone, and its own one, with which Vault does not seal", async () => {
    const unsealKey = `/subscriptions/${subscriptionId}/resourceGroups/rg-first-vault/providers/Microsoft.KeyVault/vaults/kv-first-abc123/keys/vault-unseal`;
    scene.project.environment("demo", { vault: { unsealKey } });
    const { code, stderr } = await scene.run("rotate-unseal-key");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("kv-first-abc123/keys/vault-unseal, which another environment rotates"),
    });
    expect(scene.imitations.calls).toEqual([]);
  });

  itTakesLong(
    "changes nothing if the environment keeps no snapshots, because they are the proof",
    async () => {
      scene.project.environment("demo", { vault: { snapshots: { enabled: false } } });
      const { code, stderr } = await scene.run("rotate-unseal-key");
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining("Set vault.snapshots.enabled to true"),
      });
      expect(scene.imitations.calls).toEqual([]);
    },
  );
});
