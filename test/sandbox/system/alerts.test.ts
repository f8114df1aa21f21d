import { mkdirSync, renameSync, rmSync } from "node:fs";
import { loadEnvironment } from "../../../environments/load";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import { securityWorkspace } from "../../../sandbox/rehearsal/empty-azure";
import { kustoMissing } from "../../kusto/kusto-engine";
import type { Logs } from "../../kusto/log-tables";
import { changed } from "../../synthesis";
import { describeUnless, vaultOrDatabaseMissing } from "../programs-there";
import { AlertScenes, watchedSystem } from "./alert-scenes";
import { firstBootsLog, vaultConfigsLog } from "./audit-log";
import { deadlineMs, rootTokenBy, storedKeys, VAULT } from "./first-boots";
import { type RunningSandbox, useSandbox } from "./running-sandbox";
import { traces } from "./traces";
import { LoggedInWorkload } from "./workloads";
import { Workspace } from "./workspace";

const missing = [vaultOrDatabaseMissing(), kustoMissing()].filter(Boolean).join(" ");

/** The tests collect real lines of Vault and its VM. After all of them, the rules' queries run on all lines. */
describeUnless(missing, "In a system that sends its logs to a workspace:", () => {
  const environment = changed(loadEnvironment("demo"), (copy) => {
    copy.evidenceWorkspace = securityWorkspace;
  });
  const scenes = new AlertScenes();
  // Each alert fires for its events and a deployer's actions, and for nothing else. Before the hook that stops the system.
  afterAll(() => {
    expect(scenes.firing(watchedSystem(running.sandbox, environment.name))).toEqual(scenes.expected);
  });
  const running = useSandbox({ environment });

  traces(running, scenes);
  events(running, scenes);
});

function events(running: RunningSandbox, scenes: AlertScenes): void {
  describe("An alert", () => {
    let workspace: Workspace;
    /** The log records of a healthy system. */
    let healthy: Logs = {};
    let workload: LoggedInWorkload;

    const hoursLater = (hours: number) => new Date(Date.now() + hours * 3_600_000);
    const now = () => new Date().toISOString();
    /** Returns vault-watch's current report. */
    const look = async (): Promise<Record<string, unknown>> => {
      const { code, output } = await running.sandbox.vault.run("vault-watch.service");
      const said = output.split("\n").find((line) => line.startsWith("{")) ?? output;
      expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/^\{/) });
      return JSON.parse(said);
    };
    const metricsNow = async () => (await look())["metrics"] as Record<string, number>;
    const lookAndExpect = async (what: string, firing: readonly string[], since: string) => {
      const said = await look();
      scenes.add(what, firing, workspace.logs(since));
      return said;
    };
    const asked = async (): Promise<number> => (await workload.ask("GET transit/keys/customer-key")).status;

    beforeAll(async () => {
      workspace = new Workspace(running.sandbox, securityWorkspace);
      workload = await LoggedInWorkload.of(running.sandbox, "agent");
      workspace.logs();
      const since = now();
      expect(await asked()).toBe(200);
      // Vault's metrics are up to 20 seconds old.
      await waitFor(
        "Vault to count the workload's login",
        async () => ((await metricsNow())["leases"] ?? 0) > 0,
        {
          deadlineMs,
        },
      );
      healthy = workspace.logs(since);
    });
    // The next test's logs do not contain lines of this one.
    afterEach(() => void workspace.logs());

    it("reports nothing if everything works", async () => {
      const since = now();
      expect(await asked()).toBe(200);
      const said = await lookAndExpect("all is well", [], since);
      expect(said).toMatchObject({
        answered: true,
        initialized: true,
        sealed: false,
        standby: false,
        leader: true,
        audited: true,
        disks: ["system", "data", "audit", "memory"].map((name) => ({ name, used: expect.any(Number) })),
        metrics: { irrevocableLeases: 0, requestsInFlight: expect.any(Number), memoryMb: expect.any(Number) },
      });
      // At least the workload's own login.
      const metrics = said["metrics"] as { leases: number };
      expect(metrics.leases).toBeGreaterThanOrEqual(1);
      expect(said["certificateDays"]).toBeGreaterThan(300);
      const logs = workspace.logs(since);
      scenes.add("Vault's audit log does not come", ["audit-stopped"], { ...logs, VaultAudit_CL: [] });
      const later = (minutes: number) => new Date(Date.now() + minutes * 60_000);
      scenes.add("nothing has come for 14 minutes", [], logs, { at: later(14) });
      scenes.add("nothing has come for 16 minutes", ["silent"], logs, { at: later(16) });
      // Changes the line to a problem that a sandbox cannot have.
      const saying = (what: string, firing: readonly string[], other: object) => {
        const line = JSON.stringify({ ...said, ...other });
        const Syslog = (logs.Syslog ?? []).map((row) =>
          row["ProcessName"] === "vault-watch" ? { ...row, SyslogMessage: line } : row,
        );
        scenes.add(what, firing, { ...logs, Syslog });
      };
      saying("no node is the leader", ["no-leader"], { leader: false, standby: true });
      saying("the certificate ends in 14 days", [], { certificateDays: 14 });
      saying("the certificate ends in 13 days", ["certificate-ends"], { certificateDays: 13 });
      saying("a disk is full by 80%", [], { disks: [{ name: "data", used: 80 }] });
      saying("Vault has 204,800 leases", [], { metrics: { ...metrics, leases: 204_800 } });
      saying("Vault has 204,801 leases", ["leases-near-limit"], { metrics: { ...metrics, leases: 204_801 } });
      saying("Vault gave up a lease", ["leases-not-revoked"], {
        metrics: { ...metrics, irrevocableLeases: 1 },
      });
      saying("Vault does not let its VM in", [], { metrics: null });
      saying("a disk is full by 81%", ["disk-full"], { disks: [{ name: "data", used: 81 }] });
    });

    it("reports everything but Vault's metrics while its VM gets no token", async () => {
      const { faults } = running.sandbox.azure;
      faults.add({ when: ({ service }) => service === "IMDS", answer: { status: 503 } });
      expect(await lookAndExpect("IMDS is down", [], now())).toMatchObject({
        audited: true,
        disks: expect.any(Array),
        metrics: null,
      });
      faults.clear();
    });

    it("leaves no login of vault-watch behind", async () => {
      const since = now();
      await look();
      const lines = (workspace.logs(since).VaultAudit_CL ?? []).map((row) =>
        JSON.parse(String(row["RawData"])),
      );
      const answered = (path: string) =>
        lines.filter(({ type, request, error }) => type === "response" && request.path === path && !error);
      expect([answered("auth/machine/login").length, answered("auth/token/revoke-self").length]).toEqual([
        1, 1,
      ]);
    });

    it("notices failed logins", async () => {
      const since = now();
      const body = { role: "webapp-role", jwt: "not.a.jwt" };
      const fail = () => running.client().request({ method: "PUT", path: "auth/jwt/login", body });
      for (let count = 1; count < 10; count++) await expect(fail()).rejects.toThrow();
      await lookAndExpect("nine logins failed", [], since);
      await expect(fail()).rejects.toThrow();
      await lookAndExpect("ten logins failed", ["failed-logins"], since);
    });

    it("notices that Vault cannot create database users", async () => {
      const { database } = running.sandbox;
      const since = now();
      await database.kill();
      expect((await workload.ask("GET database/creds/short")).status).toBe(500);
      await database.restart();
      await lookAndExpect("MySQL is down", ["database-credentials-fail"], since);
    });

    it("notices audit devices that cannot write", async () => {
      const { vault } = running.sandbox;
      /** Replaces the log by a folder, so that Vault cannot open the log again. */
      const broken = async (log: string) => {
        renameSync(vault.path(log), vault.path(`${log}.aside`));
        mkdirSync(vault.path(log));
        await vault.reload(VAULT);
      };
      const repaired = (log: string) => {
        rmSync(vault.path(log), { recursive: true });
        renameSync(vault.path(`${log}.aside`), vault.path(log));
      };
      const since = now();
      await broken(vaultConfigsLog);
      await waitFor(
        "Vault to report that a device failed",
        async () => (await asked()) === 200 && /pipeline error/.test(vault.output(VAULT)),
        { deadlineMs },
      );
      await lookAndExpect("one audit device fails", ["audit-device-failed"], since);
      await broken(firstBootsLog);
      await waitFor("Vault to reject every request", async () => (await asked()) === 500, { deadlineMs });
      expect(
        await lookAndExpect(
          "both audit devices fail",
          ["audit-blocked", "audit-stopped", "audit-device-failed"],
          now(),
        ),
      ).toMatchObject({ answered: true, sealed: false, leader: true, audited: false });
      repaired(firstBootsLog);
      repaired(vaultConfigsLog);
      await running.restartVault();
    });

    it("notices a sealed Vault", async () => {
      const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(running.sandbox);
      const root = new VaultClient(
        running.sandbox.vaultConnection(),
        await rootTokenBy(running.sandbox, keys.slice(0, threshold)),
      );
      await root.request({ method: "PUT", path: "sys/seal" });
      root.close();
      await lookAndExpect("Vault is sealed", ["sealed"], now());
      await running.restartVault();
    });

    it("notices a Vault that does not answer", async () => {
      await running.sandbox.vault.stop(VAULT);
      expect(await lookAndExpect("Vault is stopped", ["unreachable"], now())).toMatchObject({
        answered: false,
        leader: false,
        audited: false,
      });
      await running.restartVault();
    });

    it("reads the lines of vault-snapshot and vault-restore if snapshots are on", () => {
      const said = (...lines: string[]): Logs => ({
        ...healthy,
        Syslog: [
          ...(healthy.Syslog ?? []),
          ...lines.map((SyslogMessage) => ({
            TimeGenerated: now(),
            Computer: running.sandbox.vault.name,
            ProcessName: SyslogMessage.split(" ")[0] ?? "",
            SyslogMessage,
          })),
        ],
      });
      const drill = (how: string) => `vault-restore 20261126T030000Z-4711 for timer: drill ${how}`;
      const passed = drill("passed; mounts since the snapshot: none");
      const stored = `vault-snapshot 20261126T030000Z-4711: stored, 4711 bytes, Vault 1.21.0, key version ${"0".repeat(32)}`;
      const add = (what: string, firing: readonly string[], logs: Logs, at?: Date) =>
        scenes.add(what, firing, logs, { at, snapshots: true });
      add("a snapshot is kept", [], said(stored, passed));
      add("a snapshot was kept 47 hours ago", ["silent"], said(stored, passed), hoursLater(47));
      add(
        "a snapshot was kept 49 hours ago",
        ["silent", "snapshot-old", "drill-old"],
        said(stored, passed),
        hoursLater(49),
      );
      add("a drill failed", ["drill-failed", "drill-old"], said(stored, drill("failed: no key")));
      add(
        "a snapshot fails",
        ["snapshot-failed", "snapshot-old"],
        said("vault-snapshot 20261126T030000Z: failed: no room", passed),
      );
    });
  });
}
