import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { waitFor } from "../../../lib/processes/wait-for";
import { type Azure, startAzure } from "../../../sandbox/azure/azure";
import type { Machine } from "../../../sandbox/machine/machine";
import { itTakesLong, longTests } from "../../long-tests";
import { agent, deployer, keyVaultId, world } from "../azure/example-world";
import { describeWithVault } from "../programs-there";
import { textsBelow } from "../texts-below";
import { adoptedDisk } from "./adopted-disk";
import { agentConfig, machineOf, vaultServerConfig } from "./real-vault";
import { shortFolder } from "./small-machine";
import { VaultServerScene } from "./vault-server-scene";

jest.setTimeout(240_000);
const run = promisify(execFile);
const deadlineMs = 60_000;

interface VaultAnswer {
  status: number;
  body: { data?: Record<string, unknown>; auth?: { client_token: string }; [key: string]: unknown };
}

/** Sends a request to the machine's Vault by its name, with verified TLS. */
async function ask(
  machine: Machine,
  path: string,
  { token, body }: { token?: string; body?: unknown } = {},
): Promise<VaultAnswer> {
  const { stdout } = await run("curl", [
    ...["--silent", "--noproxy", "*", "--max-time", "10", "--write-out", "\n%{http_code}"],
    ...[
      "--cacert",
      machine.path("/run/vault-tls/current/tls.crt"),
      "--connect-to",
      `::${machine.address}:8200`,
    ],
    ...(token ? ["--header", `X-Vault-Token: ${token}`] : []),
    ...(body ? ["--data", JSON.stringify(body)] : []),
    `https://vault.example.com:8200/v1/${path}`,
  ]).catch(({ stdout }: { stdout: string }) => ({ stdout }));
  const [text = "", status] = stdout.split(/\n(?=\d+$)/);
  return { status: Number(status), body: text.trim() === "" ? {} : JSON.parse(text) };
}

describeWithVault("The VM of a Vault server", () => {
  const scene = new VaultServerScene();
  let azure: Azure;
  let machine: Machine;

  beforeAll(async () => {
    await scene.start();
    ({ azure, machine } = scene);
    // On Azure, there are 2 seconds between two tries.
    machine.environment["POLL_SECONDS"] = "0.2";
    await machine.boot();
    for (const unit of ["vault-first-boot.service", "haproxy.service"])
      await machine.untilActive(unit, { deadlineMs });
  });
  afterAll(() => scene.stop());

  const active = (): Promise<unknown> =>
    waitFor("Vault to be active", async () => (await ask(machine, "sys/health")).status === 200, {
      deadlineMs,
    });
  const recoveryKeys = () => azure.keyVault("kv-recovery").secretVersions("recovery-keys");
  const login = () =>
    ask(machine, "auth/deployer/login", {
      body: { role: "deployer", jwt: azure.tokenForPerson(deployer, "https://management.azure.com/") },
    });

  it("boots initialized, unsealed and active", async () => {
    const { status, body } = await ask(machine, "sys/health");
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ initialized: true, sealed: false, standby: false }),
    ]);
  });

  it("has stored its five recovery keys in their Key Vault, and needs three of them", () => {
    const value = JSON.parse(recoveryKeys().at(-1) as string);
    expect([value.recovery_keys_base64.length, value.recovery_shares, value.recovery_threshold]).toEqual([
      5, 5, 3,
    ]);
  });

  it("has neither recovery keys nor tokens in any file or log", () => {
    const { recovery_keys_base64: keys } = JSON.parse(recoveryKeys().at(-1) as string);
    let files = 0;
    for (const [, text] of textsBelow(scene.folder.path)) {
      files += 1;
      for (const key of keys as string[]) expect(text.includes(key)).toBe(false);
      expect(text).not.toMatch(/hvs\.[A-Za-z0-9]{20}/);
    }
    expect(files).toBeGreaterThan(20);
    expect(readdirSync(machine.path("/run/vault-first-boot"))).toEqual([]);
  });

  it("lets the deployer log in, without a remaining root token", async () => {
    const { body } = await login();
    const token = body.auth?.client_token;
    expect((await ask(machine, "auth/token/lookup-self", { token })).body.data?.["policies"]).toContain(
      "deployer",
    );
    const said = machine.output("vault-first-boot.service");
    expect(said).toContain("root token: revoked, none is left");
  });

  it("keeps the modes of its files", () => {
    const mode = (path: string) => (statSync(machine.path(path)).mode & 0o777).toString(8);
    expect(
      [
        "/run/vault-tls/current/tls.key",
        "/var/log/vault",
        "/var/log/vault/first-boot-audit.log",
        "/var/lib/vault/raft",
      ].map(mode),
    ).toEqual(["400", "750", "600", "700"]);
  });

  it("serves a renewed certificate by the timer's command, in the same process", async () => {
    const pid = machine.pid("vault.service");
    await azure.renewCertificate("kv-vault", "tls");
    const { code, output } = await machine.run("vault-certificate.service");
    expect([code, output]).toEqual([
      0,
      expect.stringContaining("haproxy.service serves the new certificate"),
    ]);
    expect(machine.pid("vault.service")).toBe(pid);
    expect((await ask(machine, "sys/health")).status).toBe(200);
    expect(await machine.run("vault-certificate.service")).toEqual({ code: 0, output: "" });
  });

  /** restarts.test.ts covers these. */
  const otherWays: [string, () => Promise<unknown>][] = [
    ["kill -9", async () => machine.kill("vault.service", "SIGKILL")],
    ["a restart", () => machine.restart("vault.service")],
    ["a power-off", () => machine.powerOff().then(() => machine.boot())],
  ];
  it.each<[string, () => Promise<unknown>]>([
    ["a reboot", () => machine.reboot()],
    ...(longTests ? otherWays : []),
  ])("is unsealed and active again after %s", async (_, disturb) => {
    const pid = machine.pid("vault.service");
    await disturb();
    await waitFor("another process", () => ![pid, undefined].includes(machine.pid("vault.service")), {
      deadlineMs,
    });
    await active();
    expect((await login()).status).toBe(200);
  });

  it("does nothing in a second first boot", async () => {
    await machine.untilActive("vault-first-boot.service", { deadlineMs });
    const keys = recoveryKeys();
    expect(await machine.run("vault-first-boot.service")).toEqual({ code: 0, output: "" });
    expect(recoveryKeys()).toEqual(keys);
  });

  // It shares the machine, because its first boot takes as long as these tests.
  adoptedDisk(scene);
});

describeWithVault("A VM whose first boot is killed", () => {
  // interrupted-first-boots.ts interrupts it at more steps.
  itTakesLong("continues it, and does not create keys twice", async () => {
    const folder = shortFolder();
    const azure = await startAzure(world, { print: () => {} });
    const machine = await machineOf(azure, folder.path, "vm-vault", vaultServerConfig);
    try {
      await machine.boot();
      const said = (text: string) => machine.output("vault-first-boot.service").includes(text);
      for (const step of ["init: done", "recovery keys: stored", "audit:"]) {
        await waitFor(step, () => said(step), { deadlineMs, intervalMs: 5 });
        machine.kill("vault-first-boot.service", "SIGKILL");
      }
      await machine.untilActive("vault-first-boot.service", { deadlineMs });
      expect(machine.output("vault-first-boot.service").match(/init: done/g)).toHaveLength(1);
      expect(said("continues in state")).toBe(true);
      const [pending, ...stored] = azure.keyVault("kv-recovery").secretVersions("recovery-keys");
      expect(pending).toContain("pending");
      expect(new Set(stored.map((value) => JSON.parse(value).recovery_keys_base64.join()))).toHaveProperty(
        "size",
        1,
      );
    } finally {
      await machine.powerOff();
      await azure.stop();
      folder.remove();
    }
  });
});

describeWithVault("The VM of Vault Agent", () => {
  // agent-vm.test.ts covers it in a system with Vault.
  itTakesLong("trusts Vault's certificate, starts the agent, and restarts it for a renewed one", async () => {
    const folder = shortFolder();
    const readTls = { principalId: agent, roleName: "Key Vault Secrets User", scope: keyVaultId("kv-vault") };
    const readCertificate = { ...readTls, roleName: "Key Vault Certificate User" };
    const roleAssignments = [...world.roleAssignments, readCertificate];
    const azure = await startAzure({ ...world, roleAssignments }, { print: () => {} });
    const machine = await machineOf(azure, folder.path, "vm-agent", agentConfig);
    try {
      await machine.boot();
      await machine.untilActive("vault-agent.service", { deadlineMs });
      const mode = (path: string) => (statSync(machine.path(path)).mode & 0o7777).toString(8);
      expect([mode("/ramdisk"), mode("/ramdisk/app")]).toEqual(["751", "2750"]);
      const pid = machine.pid("vault-agent.service");
      await azure.renewCertificate("kv-vault", "tls");
      expect((await machine.run("vault-ca-certificate.service")).code).toBe(0);
      await waitFor(
        "the agent's restart",
        () => ![pid, undefined].includes(machine.pid("vault-agent.service")),
        { deadlineMs },
      );
      await machine.untilActive("vault-agent.service", { deadlineMs });
      await machine.reboot();
      await machine.untilActive("vault-agent.service", { deadlineMs });
    } finally {
      await machine.powerOff();
      await azure.stop();
      folder.remove();
    }
  });
});
