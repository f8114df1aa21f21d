import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cloudConfig, readCloudConfig, textOf, withText } from "../../cloud-init/cloud-config";
import { asksForTokenToRecover } from "../../cloud-init/vault-server/vault-version";
import { waitFor } from "../../lib/processes/wait-for";
import { VaultClient } from "../../lib/vault-api/vault-client";
import { DATA_DISK_SERIAL, type DeployedGuest } from "../../sandbox/guest/deployed-guest";
import type { Guest } from "../../sandbox/guest/guest";
import { freePort } from "../../sandbox/programs/free-port";
import { checkMachine } from "./machine-checks";
import { BOOT_MS, BootScene, SOON_MS } from "./scene";
import { untilCloudInitIsDone, untilUnitIsActive } from "./systemd";

jest.setTimeout(BOOT_MS);

const FIRST_BOOT = "vault-first-boot.service";
/** Attempts on files that only Vault and its helpers may read. */
const secrets = {
  "read the TLS key": "head --bytes=1 /run/vault-tls/current/tls.key",
  "read Vault's data": "ls /var/lib/vault/raft",
};

describe("The VM of the stack vault-server", () => {
  let scene: BootScene;
  let prepared: DeployedGuest;
  let vm: Guest;
  let port: number;
  let poweredOn: number;

  /** Returns a client of Vault's API on another host, with the name in its certificate. */
  const deployer = () =>
    VaultClient.loggedIn({
      address: `https://127.0.0.1:${port}`,
      tlsServerName: "vault.demo.internal",
      caFile: join(scene.folder, "vault.pem"),
      jwt: scene.deployerToken(),
    });
  const seconds = () => ((Date.now() - poweredOn) / 1000).toFixed(0);

  const switchOn = async () => {
    poweredOn = Date.now();
    await vm.start();
    await vm.untilThere({ deadlineMs: BOOT_MS });
  };

  const untilDeployerLogsIn = () =>
    waitFor("a deployer to log in", async () => (await deployer()).logOut().then(() => true), {
      deadlineMs: SOON_MS,
      intervalMs: 1_000,
    });

  beforeAll(async () => {
    scene = await BootScene.open(process.env.ENVIRONMENT ?? "demo");
    await writeFile(join(scene.folder, "vault.pem"), scene.vaultCertificate());
    prepared = await scene.prepare("vault-server");
    port = await freePort();
    vm = await prepared.create("vault", { dataDisk: scene.dataDisk("vault"), hostPorts: { 8200: port } });
    await scene.onClose(() => vm.cutPower());
    await scene.progress.step("power-on to the end of cloud-init", async () => {
      await switchOn();
      await untilCloudInitIsDone(vm);
    });
    await scene.progress.step("first boot of Vault", () => untilUnitIsActive(vm, FIRST_BOOT));
    await untilDeployerLogsIn();
    scene.progress.line(
      `From power-on to a login by the deployer: ${seconds()} s (${scene.workshop.acceleration}).`,
    );
  }, 2 * BOOT_MS);

  afterAll(() => scene?.close(), SOON_MS);

  checkMachine(() => {
    const { cloudConfig, privateAddress } = scene.machineOf("vault-server");
    const hasFront = !asksForTokenToRecover(scene.environment.vault.version);
    return {
      vm,
      userData: cloudConfig,
      listeners: hasFront
        ? [`${privateAddress}:8200`, "127.0.0.1:8200", "127.0.0.1:8201"]
        : ["0.0.0.0:8200", "0.0.0.0:8201"],
      attempts: secrets,
      allowed: {
        "haproxy.service": ["read the TLS key"],
        "vault-access.service": ["ask IMDS"],
        // It replaces the key, which may have any owner.
        "vault-certificate.service": ["ask IMDS", "read the TLS key", "read Vault's data"],
        // It erases an unfinished Vault.
        "vault-first-boot.service": ["ask IMDS", "read the TLS key", "read Vault's data"],
        "vault.service": ["ask IMDS", "read Vault's data", ...(hasFront ? [] : ["read the TLS key"])],
      },
    };
  });

  it("has Vault's data on its own disk, mounted by its stable name", async () => {
    expect(await vm.output("findmnt --noheadings --output FSTYPE,OPTIONS /var/lib/vault")).toMatch(
      /^ext4 +rw,nosuid,nodev,noexec/,
    );
    const source = await vm.output("findmnt --noheadings --output SOURCE /var/lib/vault");
    expect(await vm.output(`readlink -f /dev/disk/azure/scsi1/${DATA_DISK_SERIAL}`)).toBe(source);
  });

  it("applies a change of the user data from IMDS, and reports it on the console", async () => {
    const { name, cloudConfig: userData } = scene.machineOf("vault-server");
    const path = "/etc/apt/apt.conf.d/52vault-vm";
    const config = readCloudConfig(userData);
    const write_files = config.write_files.map((file) =>
      file.path === path
        ? withText(file, textOf(file).replace(scene.environment.vault.automaticRebootTime, "04:45"))
        : file,
    );
    const reports = async () => (await vm.console()).match(/user-data [0-9a-f]{12}: .*/g) ?? [];
    const before = (await reports()).length;
    scene.azure.setUserData(name, cloudConfig({ ...config, write_files }));
    const [report] = await waitFor(
      "another report on the console",
      async () => {
        const news = (await reports()).slice(before);
        return news.length > 0 ? news : undefined;
      },
      { deadlineMs: SOON_MS, intervalMs: 1_000 },
    );
    expect(report).toMatch(/: applied/);
    expect(await vm.output(`cat ${path}`)).toContain('"04:45"');
  });

  it("rotates Vault's audit log, and Vault continues to write", async () => {
    await vm.output("logrotate --force /etc/logrotate.d/vault");
    const before = await vm.output("stat --format %s /var/log/vault/first-boot-audit.log || echo 0");
    await untilDeployerLogsIn();
    expect(await vm.output("ls /var/log/vault")).toContain("first-boot-audit.log.1");
    expect(Number(await vm.output("stat --format %s /var/log/vault/first-boot-audit.log"))).toBeGreaterThan(
      Number(before),
    );
  });

  const uuid = () =>
    vm.output(`blkid --output value --match-tag UUID /dev/disk/azure/scsi1/${DATA_DISK_SERIAL}`);

  it("is unsealed again after a kill of Vault", async () => {
    await vm.output("systemctl kill --signal=KILL vault.service");
    await untilDeployerLogsIn();
  });

  it("is unsealed again after a reboot, with the same file system", async () => {
    const before = await uuid();
    const boot = await vm.output("cat /proc/sys/kernel/random/boot_id");
    poweredOn = Date.now();
    await vm.run("systemctl reboot --no-block");
    await waitFor(
      "another boot",
      async () => (await vm.output("cat /proc/sys/kernel/random/boot_id", { deadlineMs: 20_000 })) !== boot,
      { deadlineMs: BOOT_MS, intervalMs: 2_000 },
    );
    await untilDeployerLogsIn();
    scene.progress.line(
      `From a reboot to a login by the deployer: ${seconds()} s (${scene.workshop.acceleration}).`,
    );
    expect(await uuid()).toBe(before);
  });

  it("is unsealed again after a power cut", async () => {
    const before = await uuid();
    await vm.cutPower();
    await switchOn();
    await untilDeployerLogsIn();
    expect(await uuid()).toBe(before);
  });
});
