import { type Azure, startAzure } from "../../../sandbox/azure/azure";
import type { Machine } from "../../../sandbox/machine/machine";
import { world } from "../azure/example-world";
import { machineOf, vaultServerConfig } from "./real-vault";
import { gone, shortFolder } from "./small-machine";

/** The VM of a Vault server before its boot, and its own Azure. */
export class VaultServerScene {
  azure!: Azure;
  machine!: Machine;
  readonly folder = shortFolder();

  async start(): Promise<void> {
    this.azure = await startAzure(world, { print: () => {} });
    this.machine = await machineOf(this.azure, this.folder.path, "vm-vault", vaultServerConfig);
  }

  /** Stops everything that was started. */
  async stop(): Promise<void> {
    if (this.machine) {
      await this.machine.powerOff();
      await gone(this.machine);
    }
    await this.azure?.stop();
    this.folder.remove();
  }
}
