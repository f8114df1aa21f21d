import "./in-this-process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { loadEnvironment } from "../../../environments/load";
import { versionOf } from "../../../scripts/deployment/machine-changes";
import { snapshotFinding } from "../../../scripts/deployment/status/snapshot-finding";
import { vaultServer } from "../../cloud-init/examples";
import { itTakesLong } from "../../long-tests";
import { DeploymentScene, stateOf, subscriptionId } from "./deployment-scene";
import { selfSigned } from "./vault-imitation";
import { vaultServerState } from "./vault-server-state";

jest.setTimeout(120_000); // seconds on an idle machine

describe("The newest snapshot in the consoles' reports", () => {
  const { snapshots } = loadEnvironment("demo").vault;
  const now = new Date("2026-11-26T04:00:00Z");
  const stored = (time: string) =>
    `vault-snapshot ${time}-4711: stored, 40960 bytes, Vault 2.2.2, key version 0a\r\n`;
  const failed = (time: string) => `vault-snapshot ${time}: failed: the snapshot store answered 404\r\n`;

  it.each([
    ["a new one on any node", [stored("20261126T010000Z"), stored("20261126T033000Z")], "well", "0.5 h old"],
    [
      "a snapshot that is too old",
      [stored("20261126T010000Z")],
      "wrong",
      "3.0 h old, and one is due every 1h",
    ],
    [
      "a failure after a snapshot",
      [stored("20261126T030000Z") + failed("20261126T033000Z")],
      "wrong",
      "answered 404); the newest is of 2026-11-26T03:00Z",
    ],
    [
      "a failure that is over",
      [failed("20261126T030000Z") + stored("20261126T033000Z")],
      "well",
      "Vault 2.2.2",
    ],
    ["nothing", ["[ 1.0] systemd"], "unseen", "no node has reported one on its serial console"],
  ])("is judged: %s", (_, consoles, state, says) => {
    expect(snapshotFinding(consoles, snapshots, now)).toEqual({
      what: "snapshots",
      state,
      says: expect.stringContaining(says),
    });
  });

  it("is not required if the environment keeps none", () => {
    expect(snapshotFinding([], { ...snapshots, enabled: false }, now)).toMatchObject({ state: "note" });
  });
});

describe("scripts/status", () => {
  const scene = DeploymentScene.use();
  const log = "az/vm-boot-diagnostics-get-boot-log";
  const userData = vaultServerUserData(vaultServer);
  const id = (type: string, name: string) =>
    `/subscriptions/${subscriptionId}/resourceGroups/rg-demo-vault/providers/${type}/${name}`;
  const resource = (type: string, name: string, attributes: object) => ({
    mode: "managed",
    type,
    name,
    instances: [{ attributes }],
  });

  const statuses = (code: string) => ({
    instanceView: { statuses: [{ code: `PowerState/${code}`, displayStatus: `VM ${code}` }] },
  });
  const key = (enabled: boolean) => ({
    key: { kid: "https://kv/keys/vault-unseal/0a" },
    attributes: { enabled },
  });

  beforeEach(() => {
    const { imitations, vault } = scene;
    imitations.deployed("web-app");
    const outputs = {
      vault_https_addr: vault.address,
      vault_certificate_url: "https://kv-demo-abc123.vault.azure.net/certificates/vault-tls",
    };
    const machine = {
      id: id("Microsoft.Compute/virtualMachines", "vm"),
      name: "vm-demo-vault-1",
      user_data: gzipSync(userData).toString("base64"),
    };
    const unsealKey = { versionless_id: "https://kv-demo-abc123.vault.azure.net/keys/vault-unseal" };
    imitations.answer(
      "state/vault-server",
      stateOf("vault-server", outputs, [
        resource("azurerm_linux_virtual_machine", "node", machine),
        resource("azurerm_key_vault_key", "unseal-key_key_1", unsealKey),
      ]),
    );
    imitations.answer(
      "state/mysql",
      stateOf("mysql", {}, [
        resource("azurerm_mysql_flexible_server", "server", {
          id: id("Microsoft.DBforMySQL/flexibleServers", "mysql"),
        }),
      ]),
    );
    imitations.answer("az/vm-get-instance-view", statuses("running"));
    imitations.answer("az/keyvault-key-show", key(true));
    imitations.answer("az/mysql-flexible-server-show", { state: "Ready" });
    says(new Date());
    // The scene's own certificate lasts for two days.
    certificateFor(60);
  });

  const certificateFor = (days: number): void => {
    const file = join(tmpdir(), `status-test-${process.pid}`);
    selfSigned(file, `${file}.key`, "localhost", days);
    const pem = readFileSync(file, "utf8");
    for (const name of [file, `${file}.key`]) rmSync(name);
    // Vault shows the previous certificate, and the script trusts both.
    const attributes = (created: string) => ({ enabled: true, created, expires: "2099-01-01T00:00:00Z" });
    scene.imitations.answer("az/keyvault-certificate-list-versions", [
      { id: "https://kv/before", attributes: attributes("2026-01-01T00:00:00Z") },
      { id: "https://kv/newest", attributes: attributes("2026-02-01T00:00:00Z") },
    ]);
    scene.imitations.answer("az/keyvault-certificate-download-before", scene.vault.certificate);
    scene.imitations.answer("az/keyvault-certificate-download", pem);
  };

  const says = (snapshot: Date): void =>
    scene.imitations.answer(
      log,
      `user-data ${versionOf(userData)}: applied\r\nvault-snapshot ${snapshot.toISOString().replaceAll(/[-:]|\.\d+/g, "")}-1: stored, 9 bytes\r\n`,
    );

  it("shows that everything works, with a line for each part and exit code 0", async () => {
    const { code, stdout, stderr } = await scene.start("status").ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^demo: all is well\n(?:(?:ok|-) +\S.*\n)+$/);
    for (const what of [
      "Vault",
      "leader",
      "version",
      "certificate",
      "nodes",
      "audit",
      "disks",
      "leases",
      "vm-demo-vault-1",
      "snapshots",
      "unseal key",
      "MySQL",
      "web apps",
      "alerts",
    ])
      expect(stdout).toMatch(new RegExp(`^(ok|-) +${what} +\\S`, "m"));
    expect(stdout).toMatch(/^ok +disks +of the active node: system 31% full, data 13% full$/m);
    expect(stdout).toMatch(/^ok +leases +17, and 204800 are allowed$/m);
    expect(stdout).toMatch(
      /^- +alerts +are not deployed, because the environment names no evidenceWorkspace\.$/m,
    );
    expect(scene.imitations.changes).toEqual([]);
  });

  it("shows a sealed Vault with its cure, and exits with 1", async () => {
    Object.assign(scene.vault.status, { sealed: true });
    const { code, stdout } = await scene.run("status");
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringMatching(
        /^demo: 1 thing is wrong\n.*WRONG +Vault +is sealed.*docs\/operations\.md/s,
      ),
    });
  });

  it("shows every other problem with its cure", async () => {
    const { imitations, vault } = scene;
    Object.assign(vault.status, { version: "1.21.4" });
    Object.assign(vault, { nodes: { "vault-1": false } });
    imitations.answer("az/vm-get-instance-view", statuses("deallocated"));
    imitations.answer("az/keyvault-key-show", key(false));
    imitations.answer("az/mysql-flexible-server-show", { state: "Stopped" });
    vault.disks = { "/": 80.4, "/var/lib/vault": 80.6 };
    vault.gauges["vault.expire.num_leases"] = 204_801;
    says(new Date(Date.now() - 86_400_000));
    certificateFor(5);
    const { code, stdout } = await scene.run("status");
    expect(code).toBe(1);
    for (const line of [
      /^demo: 9 things are wrong$/m,
      /WRONG +version +1\.21\.4 runs, and the environment file says 2\.2\.2\. Run scripts\/deploy/,
      /WRONG +vm-demo-vault-1 +VM deallocated\. Start it: `az vm start/,
      /WRONG +unseal key +version 0a is disabled.*set-attributes/,
      /WRONG +certificate +ends on .* in [45] days\. Key Vault should have renewed it/,
      /WRONG +nodes +0 of 1 are healthy: vault-1 voter \(not healthy\)/,
      /WRONG +disks +of the active node: system 80% full, data 81% full\. .*vault\.dataDiskGb/,
      /WRONG +leases +204801 are more than 204800\. .*audit log/,
      /WRONG +MySQL +is Stopped\. Start it/,
      /WRONG +snapshots +the newest is of .* 24\.0 h old/,
    ])
      expect(stdout).toMatch(line);
  });

  it("says what it could not see and why, and exits with 2", async () => {
    scene.imitations.fail(
      log,
      "ERROR: (AuthorizationFailed) The client 'x' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action' over scope '/subscriptions/1'",
    );
    scene.vault.login = [
      {
        status: 400,
        errors: ['error validating claims: claim "oid" does not match any associated bound claim values'],
      },
    ];
    const { code, stdout } = await scene.run("status", ["--json"]);
    expect(code).toBe(2);
    const { state, findings } = JSON.parse(stdout);
    expect(state).toBe("unseen");
    const unseen = findings.filter((one: { state: string }) => one.state === "unseen");
    expect(unseen.map(({ what }: { what: string }) => what)).toEqual([
      "nodes, audit, disks, leases",
      "vm-demo-vault-1 user data",
      "snapshots",
    ]);
    expect(JSON.stringify(unseen)).toMatch(
      /claim \\"oid\\" does not match.*does not have the right Microsoft\.Compute/s,
    );
  });

  it("shows leases that Vault gave up, and says that a Vault which has just started has not counted them", async () => {
    const { gauges } = scene.vault;
    gauges["vault.expire.num_irrevocable_leases"] = 2;
    expect((await scene.run("status")).stdout).toMatch(
      /^WRONG +leases +Vault has given up revoking 2 of 17, .*run scripts\/deploy/m,
    );
    scene.vault.gauges = {};
    expect(await scene.run("status")).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^not seen +leases +Vault has not counted them/m),
    });
  });

  it("says how deployers get a right that they lack since an older version of the project, and shows the rest", async () => {
    const { imitations, vault } = scene;
    imitations.answer("state/vault-server", vaultServerState(vault.address, "# an older one\n"));
    vault.refused = ["/v1/sys/host-info"];
    const { code, stdout } = await scene.run("status");
    // The VM has not applied this project's user data either.
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^not seen +disks +Vault refused GET sys\/host-info with 403: permission denied\. Vault's VM has the deployers' policy of another version .*scripts\/deploy demo --stack vault-server/m,
    );
    expect(stdout).toMatch(/^ok +leases +17/m);
  });

  describe("in an environment with alerts", () => {
    const workspace =
      "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-security/providers/Microsoft.OperationalInsights/workspaces/log-security";
    const rule = (kind: string, name: string) => id(`Microsoft.Insights/${kind}`, name);
    const fired = (alertRule: string, startDateTime: string) => ({
      properties: { essentials: { monitorCondition: "Fired", alertRule, startDateTime } },
    });
    const rules = [
      resource("azurerm_monitor_scheduled_query_rules_alert_v2", "sealed", {
        id: rule("scheduledQueryRules", "alert-demo-sealed"),
        name: "alert-demo-sealed",
        description: "A node's Vault is sealed. Enable the key.",
        scopes: [workspace],
      }),
      resource("azurerm_monitor_metric_alert", "machine-down", {
        id: rule("metricAlerts", "alert-demo-machine-down"),
        name: "alert-demo-machine-down",
        description: "Azure says that a VM of Vault does not run. Start the VM.",
        scopes: [id("Microsoft.Compute/virtualMachines", "vm")],
      }),
    ];

    beforeEach(() => {
      const state = JSON.parse(readFileSync(join(scene.imitations.folder, "state/vault-server"), "utf8"));
      scene.imitations.answer("state/vault-server", { ...state, resources: [...state.resources, ...rules] });
    });

    it("shows that none of them fires, and asks for those of the system's resource group and of the workspace", async () => {
      scene.imitations.answer("az/alerts", {
        value: [fired(rule("metricAlerts", "alert-of-another-team"), "2026-11-26T03:00:00Z")],
      });
      expect(await scene.run("status")).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^ok +alerts +none of 2 fires$/m),
      });
      const asked = scene.imitations.calls.flatMap(({ args }) =>
        args.filter((arg) => arg.includes("AlertsManagement")),
      );
      expect(asked.sort()).toEqual([
        expect.stringMatching(
          `^/subscriptions/${subscriptionId}/resourceGroups/rg-demo-vault/providers/Microsoft\\.AlertsManagement/alerts\\?monitorCondition=Fired&timeRange=30d&`,
        ),
        expect.stringContaining(`${workspace}/providers/Microsoft.AlertsManagement/alerts?`),
      ]);
    });

    it("shows each alert that fires once, with its first time and its cure, also from the answer's second page", async () => {
      const sealed = rule("scheduledQueryRules", "Alert-Demo-Sealed");
      const down = rule("metricAlerts", "alert-demo-machine-down");
      scene.imitations.answer("az/alerts", {
        value: [fired(sealed, "2026-11-26T04:00:00.1Z"), fired(sealed, "2026-11-26T03:00:00.5Z")],
        nextLink: "https://management.azure.com:443/providers/Microsoft.AlertsManagement/alerts?page=2",
      });
      scene.imitations.answer("az/alerts-2", { value: [fired(down, "2026-11-25T03:00:00Z")] });
      const { code, stdout } = await scene.run("status");
      expect(code).toBe(1);
      expect(stdout.match(/^.*alert-.*$/gm)).toEqual([
        "WRONG     alert-demo-sealed          fires since 2026-11-26T03:00Z. A node's Vault is sealed. Enable the key.",
        "WRONG     alert-demo-machine-down    fires since 2026-11-25T03:00Z. Azure says that a VM of Vault does not run. Start the VM.",
      ]);
    });

    it("says that it could not see them", async () => {
      scene.imitations.fail(
        "az/alerts",
        'ERROR: Forbidden({"error":{"code":"AuthorizationFailed","message":"The client \'x\' does not have authorization to perform action \'Microsoft.AlertsManagement/alerts/read\' over scope \'/subscriptions/1\'"}})',
      );
      expect(await scene.run("status")).toMatchObject({
        code: 2,
        stdout: expect.stringMatching(/^not seen +alerts +.*Microsoft\.AlertsManagement\/alerts\/read/m),
      });
    });
  });

  itTakesLong("exits with 2 and a sentence if there is nothing to see", async () => {
    scene.imitations.answer("state/vault-server", stateOf("vault-server"));
    expect(await scene.run("status")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("Run scripts/deploy first"),
    });
  });
});
