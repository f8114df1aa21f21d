import { DATA_DISK_SERIAL, makeDisk } from "../../sandbox/guest/deployed-guest";
import type { Guest } from "../../sandbox/guest/guest";
import { freePort } from "../../sandbox/programs/free-port";
import { BOOT_MS, type BootScene, SOON_MS } from "./scene";
import { untilCloudInitIsDone, untilUnitIsActive } from "./systemd";

const SNAPSHOT = "waiting";

export const FIRST_BOOT = "vault-first-boot.service";

/**
 * Vault's booted VM without its data disk. Its units wait for the disk, because in Azure, too, the disk may arrive
 * after the start. A snapshot provides any number of fresh VMs within seconds.
 */
export class WaitingVault {
  private constructor(
    readonly vm: Guest,
    private readonly scene: BootScene,
    private readonly port: number,
  ) {}

  static async boot(scene: BootScene): Promise<WaitingVault> {
    const prepared = await scene.prepare(scene.node);
    const port = await freePort();
    const vm = await prepared.create("waiting", { hostPorts: { 8200: port } });
    await scene.onClose(() => vm.cutPower());
    await scene.progress.step("a VM that waits for its data disk", async () => {
      await vm.start();
      await vm.untilThere({ deadlineMs: BOOT_MS });
      await untilCloudInitIsDone(vm);
      await untilUnitIsActive(vm, "vault-install.service");
      await untilUnitIsActive(vm, "vault-certificate.service");
      await vm.keepSnapshot(SNAPSHOT);
      await vm.cutPower();
    });
    return new WaitingVault(vm, scene, port);
  }

  /** Starts a fresh VM, which waits for its disk. */
  async start(): Promise<void> {
    await this.vm.start({ snapshot: SNAPSHOT });
    await this.vm.untilThere({ deadlineMs: SOON_MS });
    // Its clock stopped at the snapshot.
    await this.vm.output(`date --set=@${Math.floor(Date.now() / 1000)}`);
  }

  /** @param disk a file, created empty if missing */
  async attach(disk: string): Promise<void> {
    await makeDisk(disk);
    await this.vm.attachDisk(DATA_DISK_SERIAL, disk);
  }

  async untilFirstBootIsComplete(): Promise<void> {
    await untilUnitIsActive(this.vm, FIRST_BOOT, SOON_MS);
    await this.untilDeployerLogsIn();
  }

  untilDeployerLogsIn(): Promise<true> {
    return this.scene.untilDeployerLogsIn(this.port);
  }
}
