import { waitFor } from "../../lib/processes/wait-for";
import type { Guest } from "../../sandbox/guest/guest";
import { freePort } from "../../sandbox/programs/free-port";
import { BOOT_MS, BootScene, SOON_MS } from "./scene";
import { untilCloudInitIsDone, untilUnitIsActive } from "./systemd";

jest.setTimeout(BOOT_MS);

/** QEMU's controller has its own model name. This rule sets Azure's name, which the user data's rule expects. */
const azuresController = {
  path: "/etc/udev/rules.d/61-azures-controller.rules",
  content: 'KERNEL=="nvme*", ENV{DEVTYPE}=="disk", ENV{ID_MODEL}="MSFT NVMe Accelerator v1.0"\n',
};

describe("Vault's VM with a size that has only NVMe disks", () => {
  let scene: BootScene;
  let vm: Guest;
  let port: number;

  beforeAll(async () => {
    scene = await BootScene.open("demo", { vmSize: "Standard_D2s_v6" });
    const prepared = await scene.prepare(scene.node, { files: [azuresController] });
    port = await freePort();
    vm = await prepared.create("vault", {
      dataDisk: scene.dataDisk("vault"),
      controller: "NVMe",
      hostPorts: { 8200: port },
    });
    await scene.onClose(() => vm.cutPower());
    await scene.progress.step("power-on to the end of cloud-init", async () => {
      await vm.start();
      await vm.untilThere({ deadlineMs: BOOT_MS });
      await untilCloudInitIsDone(vm);
    });
  }, 2 * BOOT_MS);

  afterAll(() => scene?.close(), SOON_MS);

  it("has a rule that udev accepts", async () => {
    expect(await vm.output("udevadm verify /etc/udev/rules.d/90-vault-data-disk.rules")).toMatch(
      /1.*success|Success: 1/i,
    );
  });

  it("finds the data disk by its namespace, and boots Vault from it", async () => {
    await untilUnitIsActive(vm, "vault-first-boot.service");
    const disk = await vm.output("readlink -f /dev/disk/azure/nvme/lun10");
    expect(disk).toMatch(/^\/dev\/nvme0n\d+$/);
    expect(await vm.output(`cat /sys/block/${disk.replace("/dev/", "")}/nsid`)).toBe("12");
    expect(await vm.output("findmnt --noheadings --output SOURCE /var/lib/vault")).toBe(disk);
  });

  it("is unsealed again after a reboot, with the same file system", async () => {
    await scene.untilDeployerLogsIn(port);
    const uuid = () => vm.output("blkid --output value --match-tag UUID /dev/disk/azure/nvme/lun10");
    const boot = () => vm.output("cat /proc/sys/kernel/random/boot_id", { deadlineMs: 20_000 });
    const before = [await uuid(), await boot()];
    await vm.run("systemctl reboot --no-block");
    await waitFor("another boot", async () => (await boot()) !== before[1], {
      deadlineMs: BOOT_MS,
      intervalMs: 5_000,
    });
    await scene.untilDeployerLogsIn(port);
    expect(await uuid()).toBe(before[0]);
  });
});
