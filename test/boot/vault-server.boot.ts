import { asksForTokenToRecover } from "../../cloud-init/vault-server/vault-version";
import { waitFor } from "../../lib/processes/wait-for";
import { DATA_DISK_SERIAL } from "../../sandbox/guest/deployed-guest";
import type { Guest } from "../../sandbox/guest/guest";
import { freePort } from "../../sandbox/programs/free-port";
import { checkMachine } from "./machine-checks";
import { BOOT_MS, BootScene, SOON_MS } from "./scene";
import { appliedUserData, untilCloudInitIsDone, untilUnitIsActive } from "./systemd";

jest.setTimeout(BOOT_MS);

const FIRST_BOOT = "vault-first-boot.service";
/** For its change, apply-user-data waits for the end of units to which no other unit refers. */
const CHANGED_FILE = "/usr/local/sbin/vault-snapshot";
const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");

/** Attempts on files that only Vault and its helpers may read. */
const secrets = {
  "read the TLS key": ": </run/vault-tls/current/tls.key",
  "read Vault's data": "ls /var/lib/vault/raft",
};

describe("The VM of the stack vault-server", () => {
  let scene: BootScene;
  let vm: Guest;
  let port: number;
  let poweredOn: number;

  const seconds = () => ((Date.now() - poweredOn) / 1000).toFixed(0);

  const switchOn = async () => {
    poweredOn = Date.now();
    await vm.start();
    await vm.untilThere({ deadlineMs: BOOT_MS });
  };

  const untilReported = (versions: number) =>
    waitFor(
      `${versions} versions of the user data to be reported on the console`,
      async () => (await appliedUserData(vm)).size === versions,
      { deadlineMs: SOON_MS, intervalMs: 3_000 },
    );

  beforeAll(async () => {
    // Production's first node has every unit. It runs alone here, because a node that initializes waits for no other.
    scene = await BootScene.open(process.env.ENVIRONMENT ?? "production");
    const prepared = await scene.prepare(scene.node);
    port = await freePort();
    vm = await prepared.create("vault", { dataDisk: scene.dataDisk("vault"), hostPorts: { 8200: port } });
    await scene.onClose(() => vm.cutPower());
    await scene.progress.step("power-on to the end of cloud-init", async () => {
      await switchOn();
      await untilCloudInitIsDone(vm);
    });
    await scene.progress.step("first boot of Vault", () => untilUnitIsActive(vm, FIRST_BOOT));
    await scene.untilDeployerLogsIn(port);
    scene.progress.line(
      `From power-on to a login by the deployer: ${seconds()} s (${scene.workshop.acceleration}).`,
    );
    await untilReported(1);
    // The other tests run while a timer takes and applies the change.
    scene.changeUserData(scene.node, CHANGED_FILE, (text) => `${text}# another line\n`);
  }, 2 * BOOT_MS);

  afterAll(() => scene?.close(), SOON_MS);

  checkMachine(() => {
    const { cloudConfig, privateAddress } = scene.node;
    const hasFront = !asksForTokenToRecover(scene.environment.vault.version);
    // A cluster's nodes reach each other.
    const cluster = scene.nodes.length > 1 ? "*:8201" : "127.0.0.1:8201";
    return {
      vm,
      userData: cloudConfig,
      listeners: hasFront ? [`${privateAddress}:8200`, "127.0.0.1:8200", cluster] : ["*:8200", "*:8201"],
      attempts: secrets,
      allowed: {
        // It writes the user data's files.
        "apply-user-data.service": [
          "ask IMDS",
          "write a configuration file",
          "write a program",
          "write a unit",
        ],
        "haproxy.service": ["read the TLS key"],
        "vault-access.service": ["ask IMDS"],
        // It replaces the key, which may have any owner.
        "vault-certificate.service": ["ask IMDS", "read the TLS key", "read Vault's data"],
        // It erases an unfinished Vault.
        "vault-first-boot.service": ["ask IMDS", "read the TLS key", "read Vault's data"],
        "vault-restore-drill.service": ["ask IMDS"],
        "vault-restore.service": ["ask IMDS"],
        "vault-snapshot-before.service": ["ask IMDS"],
        "vault-snapshot.service": ["ask IMDS"],
        "vault-turn.service": ["ask IMDS"],
        // It uses Vault's user, because other users cannot open the folders of Vault's logs.
        "vault-watch.service": ["ask IMDS", "read Vault's data", ...(hasFront ? [] : ["read the TLS key"])],
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
    await untilReported(2);
    expect(await vm.output(`tail --lines=1 ${CHANGED_FILE}`)).toBe("# another line");
  });

  it("says how Vault is, if alerts read it", async () => {
    if (!scene.environment.evidenceWorkspace) return;
    // The timer also looks during first boot, and while the change restarts Vault.
    const { disks, certificateDays } = await waitFor(
      "vault-watch to report a Vault that works",
      async () => {
        const lines = await vm.output("journalctl --boot --quiet --output=cat --identifier=vault-watch");
        const newest = JSON.parse(linesOf(lines).findLast((line) => line.startsWith("{")) ?? "null");
        expect(newest).toMatchObject({
          answered: true,
          sealed: false,
          leader: true,
          audited: true,
          metrics: { irrevocableLeases: 0 },
        });
        return newest;
      },
      { deadlineMs: SOON_MS, intervalMs: 5_000 },
    );
    expect(certificateDays).toBeGreaterThan(30);
    expect(disks.map(({ name }: { name: string }) => name)).toEqual(["system", "data", "audit", "memory"]);
  });

  it("keeps a snapshot, confined, and its timer is ready for the next one", async () => {
    // The test starts it, because its timer runs minutes after the boot, when first boot may not be complete.
    await vm.output("systemctl start vault-snapshot.service", { deadlineMs: SOON_MS });
    expect(await vm.console()).toMatch(/vault-snapshot \S+: stored, \d+ bytes/);
    expect(await vm.output("ls -A /var/lib/vault-snapshot")).toBe("");
    expect(await vm.output("systemctl is-active vault-snapshot.timer vault-restore-drill.timer")).toBe(
      "active\nactive",
    );
  });

  it("looks every five minutes for logs to rotate", async () => {
    await waitFor(
      "logrotate.timer to run",
      async () =>
        (await vm.output("systemctl show --property=LastTriggerUSec --value logrotate.timer")) !== "",
      { deadlineMs: SOON_MS, intervalMs: 5_000 },
    );
    expect(await vm.output("systemctl show --property=Result --value logrotate.service")).toBe("success");
  });

  it("rotates Vault's audit log, and Vault continues to write", async () => {
    await vm.output("logrotate --force /etc/logrotate.d/vault");
    const before = await vm.output("stat --format %s /var/log/vault/first-boot-audit.log || echo 0");
    await scene.untilDeployerLogsIn(port);
    expect(await vm.output("ls /var/log/vault")).toContain("first-boot-audit.log.1");
    expect(Number(await vm.output("stat --format %s /var/log/vault/first-boot-audit.log"))).toBeGreaterThan(
      Number(before),
    );
  });

  const uuid = () =>
    vm.output(`blkid --output value --match-tag UUID /dev/disk/azure/scsi1/${DATA_DISK_SERIAL}`);

  it("is unsealed again after a kill of Vault", async () => {
    await vm.output("systemctl kill --kill-whom=main --signal=KILL vault.service");
    await scene.untilDeployerLogsIn(port);
  });

  it("is unsealed again after a power cut, with the same file system", async () => {
    const before = await uuid();
    await vm.cutPower();
    await switchOn();
    await scene.untilDeployerLogsIn(port);
    expect(await uuid()).toBe(before);
  });
});
