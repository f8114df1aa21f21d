import { readCloudConfig } from "../../cloud-init/cloud-config";
import { DATA_DISK_SERIAL, type DeployedGuest } from "../../sandbox/guest/deployed-guest";
import type { Guest } from "../../sandbox/guest/guest";
import { BOOT_MS, BootScene, SOON_MS } from "./scene";
import { failedUnits, untilCloudInitIsDone, untilUnitIsActive } from "./systemd";

jest.setTimeout(BOOT_MS);

describe("The VM of the stack vault-server", () => {
  let scene: BootScene;
  let prepared: DeployedGuest;
  let vm: Guest;

  beforeAll(async () => {
    scene = await BootScene.open(process.env.ENVIRONMENT ?? "demo");
    prepared = await scene.prepare("vault-server");
    vm = await prepared.create("vault", { dataDisk: scene.dataDisk("vault") });
    await scene.onClose(() => vm.cutPower());
    await scene.progress.step("power-on to the end of cloud-init", async () => {
      await vm.start();
      await vm.untilThere({ deadlineMs: BOOT_MS });
      await untilCloudInitIsDone(vm);
    });
    await scene.progress.step("first boot of Vault", () => untilUnitIsActive(vm, "vault-first-boot.service"));
  }, 2 * BOOT_MS);

  afterAll(() => scene?.close(), SOON_MS);

  it("finishes cloud-init without an error or a warning", async () => {
    expect(await vm.output("cloud-init status --long --format json || true")).toContain('"status": "done"');
    expect(await vm.output("grep -E ' - .*(WARNING|ERROR|CRITICAL)' /var/log/cloud-init.log || true")).toBe(
      "",
    );
  });

  it("has user data that cloud-init's schema accepts", async () => {
    expect(await vm.output("cloud-init schema --system 2>&1")).toMatch(/Valid schema/);
  });

  it("has no failed unit", async () => {
    expect(await failedUnits(vm)).toEqual([]);
  });

  it("has each file of the user data, root's and with its mode", async () => {
    const { write_files: files } = readCloudConfig(scene.machineOf("vault-server").cloudConfig);
    const found = await vm.output(`stat --format '%n %U:%G %a' ${files.map(({ path }) => path).join(" ")}`);
    expect(found.split("\n").sort()).toEqual(
      files.map(({ path, owner, permissions }) => `${path} ${owner} ${permissions.replace(/^0/, "")}`).sort(),
    );
  });

  it("has Vault's data on its own disk, by its stable name", async () => {
    expect(await vm.output("findmnt --noheadings --output FSTYPE,OPTIONS /var/lib/vault")).toMatch(
      /^ext4 +rw,nosuid,nodev,noexec/,
    );
    const source = await vm.output("findmnt --noheadings --output SOURCE /var/lib/vault");
    expect(await vm.output(`readlink -f /dev/disk/azure/scsi1/${DATA_DISK_SERIAL}`)).toBe(source);
  });

  it("listens where it is meant to, and nowhere else", async () => {
    const sockets = await vm.output("ss --no-header --tcp --listening --numeric | awk '{print $4}' | sort");
    const ours = sockets.split("\n").filter((it) => !/^169\.254\.169\.|:53$/.test(it));
    expect(ours).toEqual(["*:8201", "0.0.0.0:8200"]);
  });
});
