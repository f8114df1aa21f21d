import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { cloudConfig, readCloudConfig, textOf, withText } from "../../cloud-init/cloud-config";
import { loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import { Progress } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { numberOf } from "../../lib/processes/version";
import { waitFor } from "../../lib/processes/wait-for";
import { EvaluatedSystem } from "../../lib/synthesized/evaluated-system";
import { VaultClient } from "../../lib/vault-api/vault-client";
import { synthesize } from "../../main";
import { type Azure, startAzure } from "../../sandbox/azure/azure";
import { worldOf } from "../../sandbox/azurerm/azure-world";
import { keyVaultName } from "../../sandbox/azurerm/key-vaults";
import { signedInObjectId } from "../../sandbox/azurerm/made-up-values";
import { azurerm } from "../../sandbox/azurerm/provider";
import { type BootingMachine, virtualMachines } from "../../sandbox/azurerm/virtual-machines";
import {
  DeployedGuest,
  type DeployedGuestOptions,
  type GuestWorkshop,
} from "../../sandbox/guest/deployed-guest";
import type { DiskFile } from "../../sandbox/guest/disk-files";
import type { InstalledProgram } from "../../sandbox/machine/machine";
import { StateFolder } from "../../sandbox/system/state-folder";
import { UndoSteps } from "../../sandbox/system/undo-steps";
import { findVaultProgram } from "../../sandbox/vault/vault-program";
import { variableOf } from "./variable-of";
import { findWorkshop, installedPrograms } from "./workshop";

/** Milliseconds. Under TCG, a boot takes minutes. */
export const BOOT_MS = 15 * 60_000;
/** Milliseconds for work that takes a VM seconds, or minutes under TCG next to other work. */
export const SOON_MS = 10 * 60_000;

/**
 * Longer times, because one look of vault-watch, or of vault-turn at the other nodes, takes an emulated processor up to half a minute.
 * A look each minute would leave Vault little time and would not end in time, and half a turn would be too short for one.
 */
const slowTimes: readonly DiskFile[] = [
  {
    path: "/etc/systemd/system/vault-turn.service.d/slow.conf",
    content: "[Service]\nEnvironment=TURN_SECONDS=60\n",
  },
  {
    path: "/etc/systemd/system/vault-watch.timer.d/slow.conf",
    content: "[Timer]\nOnCalendar=\nOnCalendar=*:0/5\n",
  },
  {
    path: "/etc/systemd/system/vault-watch.service.d/slow.conf",
    content: "[Service]\nTimeoutStartSec=10min\n",
  },
];

/** An environment's stacks and a stand-in for Azure, for VMs in QEMU. */
export class BootScene {
  private constructor(
    readonly environment: Environment,
    readonly azure: Azure,
    readonly deployment: EvaluatedSystem,
    readonly workshop: GuestWorkshop,
    readonly folder: string,
    readonly programs: readonly InstalledProgram[],
    readonly progress: Progress,
    private readonly undo: UndoSteps,
  ) {}

  /** @param edit changes of the environment's Vault settings */
  static async open(environmentName: string, edit: Partial<Environment["vault"]> = {}): Promise<BootScene> {
    const progress = new Progress();
    const undo = new UndoSteps();
    try {
      const workshop = await findWorkshop(progress);
      const vault = await findVaultProgram({ progress });
      const loaded = loadEnvironment(environmentName);
      const environment = {
        ...loaded,
        vault: { ...loaded.vault, version: numberOf(vault.version), ...edit },
      };
      const folder = await StateFolder.open();
      await undo.add(() => folder.close());
      const outdir = await folder.folder("stacks");
      synthesize(environment, outdir);
      const deployment: EvaluatedSystem = EvaluatedSystem.load(
        outdir,
        azurerm((keyVault, name) => azure.keyVault(keyVault).certificate(name)),
      );
      const azure: Azure = await startAzure(worldOf(deployment, environment, outdir));
      await undo.add(() => azure.stop());
      const programs = installedPrograms(environment, vault.path);
      return new BootScene(environment, azure, deployment, workshop, folder.path, programs, progress, undo);
    } catch (error) {
      await undo.undo();
      throw error;
    }
  }

  /** Vault's nodes: one VM, or a cluster's VMs. */
  get nodes(): BootingMachine[] {
    return virtualMachines(this.deployment).filter(({ stack }) => stack === "vault-server");
  }

  /** The only node, or the node that initializes the cluster. */
  get node(): BootingMachine {
    const [node] = this.nodes;
    if (!node) throw new UserError("The stack vault-server has no VM.");
    return node;
  }

  async prepare(
    machine: BootingMachine,
    options: Partial<Pick<DeployedGuestOptions, "network" | "userData" | "files">> = {},
  ): Promise<DeployedGuest> {
    const { workshop, azure, folder, programs } = this;
    const deployed = await DeployedGuest.prepare({
      workshop,
      azure,
      folder,
      programs,
      machine,
      ...options,
      files: [...(workshop.acceleration === "TCG" ? slowTimes : []), ...(options.files ?? [])],
    });
    await this.undo.add(() => deployed.close());
    return deployed;
  }

  /** Registers a step for the scene's end. */
  onClose(step: () => Promise<unknown>): Promise<void> {
    return this.undo.add(step);
  }

  dataDisk(name: string): string {
    return join(this.folder, `${name}.data`);
  }

  /** Returns Vault's own certificate, PEM. */
  private vaultCertificate(): string {
    const { keyVault, name } = this.certificate();
    return this.azure.keyVault(keyVault).certificate(name) ?? "";
  }

  /** Changes the text of one file in the user data that IMDS returns to a VM. */
  changeUserData(
    { name, cloudConfig: userData }: BootingMachine,
    path: string,
    edit: (text: string) => string,
  ): void {
    const config = readCloudConfig(userData);
    const write_files = config.write_files.map((file) =>
      file.path === path ? withText(file, edit(textOf(file))) : file,
    );
    this.azure.setUserData(name, cloudConfig({ ...config, write_files }));
  }

  /** Renews Vault's certificate, as Key Vault does before it expires. */
  async renewVaultCertificate(): Promise<void> {
    const { keyVault, name } = this.certificate();
    await this.azure.renewCertificate(keyVault, name);
  }

  private certificate(): { keyVault: string; name: string } {
    const [certificate] = this.deployment.resources("azurerm_key_vault_certificate");
    const { name, key_vault_id } = z
      .object({ name: z.string(), key_vault_id: z.string() })
      .parse({ name: certificate?.argument("name"), key_vault_id: certificate?.argument("key_vault_id") });
    return { keyVault: keyVaultName(this.deployment, key_vault_id), name };
  }

  /** @param port of 127.0.0.1, where Vault's API is */
  async deployer(port: number): Promise<VaultClient> {
    const caFile = join(this.folder, "vault.pem");
    await writeFile(caFile, this.vaultCertificate());
    return VaultClient.loggedIn({
      address: `https://127.0.0.1:${port}`,
      tlsServerName: new URL(variableOf(this.node, "VAULT_API_ADDR")).hostname,
      caFile,
      jwt: this.deployerToken(),
    });
  }

  /** Waits until a deployer can log in at this port of 127.0.0.1. */
  untilDeployerLogsIn(port: number): Promise<true> {
    const logIn = async () => {
      await (await this.deployer(port)).logOut();
      return true as const;
    };
    return waitFor("a deployer to log in", logIn, { deadlineMs: SOON_MS, intervalMs: 3_000 });
  }

  private deployerToken(): string {
    const [deployer] = this.environment.deployers;
    const objectId = deployer?.objectId === "signed-in-user" ? signedInObjectId : deployer?.objectId;
    return this.azure.tokenForPerson(objectId ?? "", "https://management.core.windows.net/");
  }

  close(): Promise<void> {
    return this.undo.undo();
  }
}
