import "./in-this-process";
import { gzipSync } from "node:zlib";
import { agentVmUserData } from "../../../cloud-init/agent-vm/user-data";
import { cloudConfig, readCloudConfig } from "../../../cloud-init/cloud-config";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { waitFor } from "../../../lib/processes/wait-for";
import { machineChanges, versionOf } from "../../../scripts/deployment/machine-changes";
import { lastReport } from "../../../scripts/deployment/machine-reports";
import { withReadableUserData } from "../../../scripts/deployment/plan";
import { agentVm, vaultEnterpriseServer, vaultServer } from "../../cloud-init/examples";
import { itTakesLong } from "../../long-tests";
import { DeploymentScene, type ScriptResult, stateOf, subscriptionId } from "./deployment-scene";

jest.setTimeout(120_000); // seconds on an idle machine

const before = vaultServerUserData(vaultServer);
const after = vaultServerUserData({
  ...vaultServer,
  deployerObjectIds: ["00000000-0000-0000-0000-000000000009"],
});
const packed = (text: string) => gzipSync(text).toString("base64");
const id = `/subscriptions/${subscriptionId}/resourceGroups/rg-demo-vault/providers/Microsoft.Compute/virtualMachines/vm-demo-vault-1`;

describe("The changes on a VM", () => {
  it("are shown as names of files and variables, and as units that restart", () => {
    expect(machineChanges(before, after)).toEqual([
      "changes /etc/vault.d/vault.env DEPLOYER_OBJECT_IDS",
      "restarts vault-first-boot.service",
      "restarts vault-access.service",
    ]);
    const agent = agentVmUserData(agentVm);
    const long = agentVmUserData({ ...agentVm, databaseCredentialsPath: "database/creds/long" });
    expect(machineChanges(agent, long)).toEqual([
      "changes /etc/vault-agent.d/agent.env DATABASE_CREDENTIALS_PATH",
      "restarts vault-agent.service",
    ]);
    expect(machineChanges(before, before)).toEqual([]);
  });

  it("name added and removed files, units and packages", () => {
    const { packages, ...config } = readCloudConfig(vaultServerUserData(vaultEnterpriseServer));
    const enterprise = cloudConfig({ ...config, packages: [...(packages as string[]), "acl"] });
    const coming = machineChanges(before, enterprise);
    expect(coming).toEqual(
      expect.arrayContaining([
        "installs acl",
        "adds /usr/local/sbin/vault-license",
        "restarts vault-license.timer",
        "restarts vault.service",
      ]),
    );
    expect(coming.filter((line) => line.startsWith("restarts")).at(-1)).toBe("restarts vault.service");
    expect(machineChanges(enterprise, before)).toEqual(
      expect.arrayContaining([
        "removes /usr/local/sbin/vault-license",
        "stops vault-license.timer",
        "restarts vault.service",
      ]),
    );
  });

  it("replace base64 in a plan", () => {
    const plan = (values: string) =>
      withReadableUserData(
        [
          "Terraform will perform the following actions:",
          "",
          '  ~ resource "azurerm_linux_virtual_machine" "machine" {',
          '        id        = "x"',
          `      ~ user_data = ${values}`,
          "        # (20 unchanged attributes hidden)",
          "    }",
        ].join("\n"),
      );
    expect(plan(`"${packed(before)}" -> "${packed(after)}"`)).toContain(
      [
        `      ~ user_data = ${versionOf(before)} -> ${versionOf(after)}`,
        "          # the VM changes /etc/vault.d/vault.env DEPLOYER_OBJECT_IDS",
        "          # the VM restarts vault-",
      ].join("\n"),
    );
    expect(plan(`"${packed(before)}" -> (known after apply)`)).toContain(
      `user_data = ${versionOf(before)} -> (known after apply)\n        # (20`,
    );
  });
});

describe("The last report on a serial console", () => {
  it.each([
    ["nothing", "[    1.0] systemd: Started.", undefined],
    [
      "plain text",
      "[   60.1] apply-user-data[900]: user-data 0123456789ab: applied\r\n[  99.0] other\r\n",
      { version: "0123456789ab", applied: true },
    ],
    [
      "a node that waits for its turn",
      "user-data 0123456789ab: failed: x\r\nuser-data 0123456789ab: restarts vault-turn.service\r\n",
      {
        version: "0123456789ab",
        applied: false,
        line: "user-data 0123456789ab: restarts vault-turn.service",
      },
    ],
    [
      "the text of a JSON string",
      JSON.stringify(
        "x user-data 0123456789ab: applied\r\nx user-data 0123456789ac: failed: vault.service failed: no disk\r\nmore\r\n",
      ),
      {
        version: "0123456789ac",
        applied: false,
        line: "user-data 0123456789ac: failed: vault.service failed: no disk",
      },
    ],
  ])("is found in %s", (_, text, report) => {
    const found = lastReport(text);
    if (report) expect(found).toMatchObject(report);
    else expect(found).toBeUndefined();
  });
});

describe("scripts/deploy and the running VMs", () => {
  const scene = DeploymentScene.use();
  const log = "az/vm-boot-diagnostics-get-boot-log";
  const machine = (userData: string) => ({
    mode: "managed",
    type: "azurerm_linux_virtual_machine",
    instances: [{ attributes: { id, name: "vm-demo-vault-1", user_data: packed(userData) } }],
  });
  const outputs = () => ({
    vault_https_addr: scene.vault.address,
    vault_certificate_url: "https://kv-demo-abc123.vault.azure.net/certificates/vault-tls",
  });
  /** Sets vault-server's current state and its state after the deployment. */
  const deployment = (old: string | undefined, now: string): void => {
    const { imitations } = scene;
    imitations.deployed("vm-reader-role", "network");
    if (old !== undefined) {
      imitations.answer("deployed/vault-server", stateOf("vault-server", outputs(), [machine(old)]));
      imitations.deployed("vault-server");
    }
    imitations.answer("deployed/vault-server", stateOf("vault-server", outputs(), [machine(now)]));
  };
  const says = (text: string): void =>
    scene.imitations.answer(log, `[ 60.0] apply-user-data[9]: ${text}\r\n`);
  const asked = () => scene.imitations.calls.filter(({ args }) => args.includes("get-boot-log")).length;

  const looks = (ended: Promise<ScriptResult>, times: number) => {
    const abort = ended.then(({ stderr }): never => {
      throw new Error(stderr);
    });
    abort.catch(() => {}); // this matters only during the wait
    return waitFor(`the script to look at the console ${times} times`, () => asked() >= times, {
      deadlineMs: 60_000,
      abort,
    });
  };

  it("shows the changes, waits until the VM reports them, and then continues", async () => {
    deployment(before, after);
    says(`user-data ${versionOf(before)}: applied`);
    const ended = scene.run("deploy", ["--stack", "vault-server", "--wait", "60", "--json"]);
    await looks(ended, 2);
    says(`user-data ${versionOf(after)}: applied`);
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain("vm-demo-vault-1 changes /etc/vault.d/vault.env DEPLOYER_OBJECT_IDS");
    expect(stderr).toContain(`vm-demo-vault-1: applies its user data ${versionOf(after)} … done`);
    expect(stderr).not.toContain("00000000-0000-0000-0000-000000000009");
    expect(JSON.parse(stdout).stacks).toMatchObject([
      {
        stack: "vault-server",
        machines: { "vm-demo-vault-1": machineChanges(before, after) },
      },
    ]);
    expect(scene.imitations.calls.find(({ args }) => args.includes("get-boot-log"))?.args).toContain(id);
  });

  it("fails with the VM's reason if the VM has not applied the change in time", async () => {
    deployment(before, after);
    says(`user-data ${versionOf(after)}: failed: vault-install.service failed: vault-install: no room`);
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-server", "--wait", "1"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `vm-demo-vault-1 has not applied its user data ${versionOf(after)} within 1 s \\(its last report: user-data ${versionOf(after)}: failed: vault-install.service failed: vault-install: no room\\)\\. .*run the same command again`,
      ),
    );
  });

  itTakesLong(
    "says that a VM reports nothing, and tries again while the console cannot be read",
    async () => {
      deployment(before, after);
      scene.imitations.fail(log, "ERROR: (BlobNotFound) The specified blob does not exist.\n");
      const ended = scene.run("deploy", ["--stack", "vault-server", "--wait", "5"]);
      await looks(ended, 1);
      scene.imitations.answer(log, "[ 1.0] nothing\r\n");
      const { code, stderr } = await ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(/within 5 s \(it has not reported anything yet\)\. Check that it runs/);
    },
  );

  it("fails at once if the login may not read the console", async () => {
    deployment(before, after);
    scene.imitations.fail(
      log,
      "ERROR: (AuthorizationFailed) The client 'x' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action' over scope '/subscriptions/1'",
    );
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-server", "--wait", "600"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /does not have the right Microsoft\.Compute\/virtualMachines\/retrieveBootDiagnosticsData\/action/,
    );
  });

  it("does not wait for an unchanged VM, unless an earlier change has not arrived", async () => {
    deployment(after, after);
    scene.imitations.answer(log, "[ 1.0] nothing\r\n");
    expect(await scene.run("deploy", ["--stack", "vault-server"])).toMatchObject({ code: 0 });
    says(`user-data ${versionOf(after)}: failed: the packages acl cannot be installed`);
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-server", "--wait", "1"]);
    expect(code).toBe(1);
    expect(stderr).toContain("failed: the packages acl cannot be installed");
  });

  it("checks new VMs after everything else", async () => {
    deployment(undefined, after);
    says(`user-data ${versionOf(after)}: applied`);
    const { code, stderr } = await scene.run("deploy");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const lines = stderr.split("\n");
    const at = (text: string) => lines.findIndex((line) => line.includes(text));
    expect(at("applies its user data")).toBeGreaterThan(at("smoke test: Vault"));
  });

  itTakesLong("says that a node of a cluster waits for its turn", async () => {
    deployment(before, after);
    says(`user-data ${versionOf(after)}: restarts vault-turn.service`);
    const { code, stderr } = await scene.run("deploy", ["--stack", "vault-server", "--wait", "1"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/within 1 s \(it waits for its turn to restart Vault\)/);
  });

  itTakesLong("ends at once if it is interrupted while it waits", async () => {
    deployment(before, after);
    says(`user-data ${versionOf(before)}: applied`);
    const run = scene.start("deploy", ["--stack", "vault-server"]);
    await looks(run.ended, 1);
    run.child.kill("SIGINT");
    expect(await run.ended).toMatchObject({ code: 130 });
  });
});
