import "./in-this-process";
import { gzipSync } from "node:zlib";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { versionOf } from "../../../scripts/deployment/machine-changes";
import { afterwards, reportOf } from "../../../scripts/deployment/restore";
import { vaultServer } from "../../cloud-init/examples";
import { longTests } from "../../long-tests";
import { DeploymentScene, stateOf, subscriptionId } from "./deployment-scene";

jest.setTimeout(120_000); // seconds on an idle machine

it("The report on a restore belongs to its request, not to an earlier one", () => {
  const consoles = [
    "vault-restore 20261125T010000Z-1 for 20261125T020000Z: restored\r\n",
    "x\r\nvault-restore 20261126T010000Z-2 for 20261126T020000Z: failed: no\r\nvault-restore 20261126T010000Z-2 for 20261126T020000Z: restored\r\n",
  ];
  expect(reportOf(consoles, { time: "20261126T020000Z" })).toBe(
    "vault-restore 20261126T010000Z-2 for 20261126T020000Z: restored",
  );
  expect(reportOf(consoles, { time: "20261126T020001Z" })).toBeUndefined();
});

it("The last words of a restore name what is older than the snapshot", () => {
  const report = "vault-restore 20261126T010000Z-2 for 20261126T020000Z: restored";
  const text = afterwards("demo", report, false);
  const older = ["20261126T010000Z", "recovery keys", "database users", "Workloads", "mysql.passwordVersion"];
  for (const what of older) expect(text).toContain(what);
  expect(text).toContain("Now run scripts/deploy demo");
});

const otherStore = `/subscriptions/${subscriptionId}/resourceGroups/rg-first-vault-snapshots/providers/Microsoft.Storage/storageAccounts/stfirstsnapabc123`;

describe("scripts/restore", () => {
  const scene = DeploymentScene.use();
  const log = "az/vm-boot-diagnostics-get-boot-log";
  const id = `/subscriptions/${subscriptionId}/resourceGroups/rg-demo-vault/providers/Microsoft.Compute/virtualMachines/vm`;
  const userData = vaultServerUserData(vaultServer);

  beforeEach(() => {
    scene.imitations.deployed("vm-reader-role", "network");
    const outputs = {
      vault_https_addr: scene.vault.address,
      vault_certificate_url: "https://kv-demo-abc123.vault.azure.net/certificates/vault-tls",
    };
    const machine = (text: string) => ({
      mode: "managed",
      type: "azurerm_linux_virtual_machine",
      instances: [
        { attributes: { id, name: "vm-demo-vault-1", user_data: gzipSync(text).toString("base64") } },
      ],
    });
    scene.imitations.answer(
      "deployed/vault-server",
      stateOf("vault-server", outputs, [machine(vaultServerUserData({ ...vaultServer, nodeId: "before" }))]),
    );
    scene.imitations.deployed("vault-server");
    scene.imitations.answer("deployed/vault-server", stateOf("vault-server", outputs, [machine(userData)]));
  });

  it("sends the request with a deployment of vault-server, and removes it after a node has refused it", async () => {
    const refusal = "vault-restore 20261126T010000Z-2 for 20261126T020000Z: failed: this Vault is not empty";
    scene.imitations.answer(
      log,
      `user-data ${versionOf(userData)}: failed: vault-restore.service failed: ${refusal}\r\n`,
    );
    const { code, stdout, stderr } = await scene.start("restore", ["--wait", "60"]).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`vm-demo-vault-1: ${refusal}`);
    expect(scene.imitations.changes).toEqual(["apply vault-server", "apply vault-server"]);
  });

  const refusals: [args: string[], sentence: RegExp][] = [
    [["--drill", "--force"], /Leave --snapshot, --from and --force out/],
    [["--from", otherStore], /demo seals with its own\. Set vault\.unsealKey to the Azure id of that key/],
    [["--snapshot", "../x"], /"..\/x" is not the name of a snapshot/],
  ];
  const more: typeof refusals = [
    [["--drill", "--from", otherStore], /Leave --snapshot, --from and --force out/],
    [["--from", "stfirstsnap"], /"stfirstsnap" is not the Azure id of a storage account/],
  ];
  it.each([...refusals, ...(longTests ? more : [])])(
    "refuses %s before it does anything",
    async (args, sentence) => {
      const { code, stderr } = await scene.run("restore", args);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(sentence) });
      expect(scene.imitations.calls).toEqual([]);
    },
  );

  it("refuses if the environment keeps no snapshots", async () => {
    scene.project.environment("demo", { vault: { snapshots: { enabled: false } } });
    const { code, stderr } = await scene.run("restore");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("Set vault.snapshots.enabled to true"),
    });
  });
});
