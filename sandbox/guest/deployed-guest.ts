import { mkdir, readFile, rm } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { RELEASES_FOLDER } from "../../cloud-init/common/release";
import type { DiskController } from "../../cloud-init/vault-server/data-disk";
import { runProgram } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";
import type { Azure } from "../azure/azure";
import type { BootingMachine } from "../azurerm/virtual-machines";
import type { InstalledProgram } from "../machine/machine";
import { type DiskFile, putFiles } from "./disk-files";
import { Forward, type ForwardTarget } from "./forward";
import { Guest } from "./guest";
import type { GuestImage } from "./guest-image";
import { platformFiles } from "./platform";
import type { Acceleration, QemuPrograms } from "./qemu";

/** Programs and images for every guest of this machine. */
export interface GuestWorkshop {
  readonly qemu: QemuPrograms;
  readonly acceleration: Acceleration;
  readonly image: GuestImage;
}

export interface DeployedGuestOptions {
  readonly workshop: GuestWorkshop;
  readonly azure: Azure;
  readonly machine: BootingMachine;
  /** A private folder with a short path, because it contains unix sockets. */
  readonly folder: string;
  /** Releases that are installed before the boot, so the guest does not download them. */
  readonly programs: readonly InstalledProgram[];
  /** Other services that the guest can reach, as `name:port` or `address:port`. */
  readonly services?: Readonly<Record<string, ForwardTarget>>;
  /** The virtual network's VMs, which reach each other. Guests with the same port are on one Ethernet. */
  readonly network?: {
    readonly port: number;
    /** Addresses by name, this VM's own among them. */
    readonly machines: Readonly<Record<string, string>>;
  };
  /** Replaces the deployment's user data. */
  readonly userData?: string;
  /** Files that a test changes in the image. */
  readonly files?: readonly DiskFile[];
}

/** Addresses inside a guest for Azure's public services and for services of the virtual network. */
const AZURE_ADDRESS = "169.254.169.253";
const NETWORK_ADDRESS = "169.254.169.252";
const IMDS_ADDRESS = "169.254.169.254";

/** Size of Vault's data disk. The file is sparse. */
const DATA_DISK = "4G";

/** Azure's serial of Vault's data disk. */
export const DATA_DISK_SERIAL = "lun10";

/** The namespace of Vault's data disk with NVMe. Source: azure-vm-utils, 80-azure-disk.rules. */
const DATA_DISK_NAMESPACE = 12;

/** A VM of the deployment as a guest in QEMU. It runs its user data on the distribution's own system. */
export class DeployedGuest {
  private constructor(
    readonly options: DeployedGuestOptions,
    readonly rootDisk: string,
    private readonly forwards: readonly Forward[],
  ) {}

  /** Prepares the root disk and does not boot. */
  static async prepare(options: DeployedGuestOptions): Promise<DeployedGuest> {
    const { workshop, folder, azure, machine, services = {}, network } = options;
    const machines = network?.machines ?? {};
    const forwards = new Map<string, Forward>();
    for (const [service, target] of Object.entries(services))
      forwards.set(service, await Forward.open(target));
    const userData = options.userData ?? machine.cloudConfig;
    azure.setUserData(machine.name, userData);
    const ports = azure.directPortsFor(machine.name);
    const listeners = [...forwards].map(([service, forward]) => [addressOf(service), forward.port] as const);
    const serviceNames = Object.keys(services)
      .map((service) => service.replace(/:\d+$/, ""))
      .filter((host) => !isIPv4(host));
    const rootDisk = join(folder, `${machine.name}.ext4`);
    await run("/bin/cp", ["--sparse=always", workshop.image.rootDisk, rootDisk]);
    await putFiles(workshop.qemu.debugfs, rootDisk, folder, [
      ...platformFiles({
        hostname: machine.name,
        userData,
        address: `${guestAddress(machine)}/${prefixOf(machine)}`,
        gateway: gatewayOf(machine),
        caPem: azure.caPem,
        trustedPem: await readFile(workshop.image.authorities, "utf8"),
        forwards: {
          [`${IMDS_ADDRESS}:80`]: ports.http,
          [`${AZURE_ADDRESS}:443`]: ports.https,
          ...Object.fromEntries(listeners),
        },
        neighbours: Object.values(machines).filter((address) => address !== guestAddress(machine)),
        names: Object.fromEntries([
          ...azure.publicHosts.map((host) => [host, AZURE_ADDRESS]),
          ...serviceNames.map((host) => [host, NETWORK_ADDRESS]),
          ...Object.entries(machines),
        ]),
      }),
      ...options.programs.map(({ name, version, path }) => ({
        path: `${RELEASES_FOLDER}/${name}-${version}/${name}`,
        from: path,
        mode: 0o755,
      })),
      ...(options.files ?? []),
    ]);
    return new DeployedGuest(options, rootDisk, [...forwards.values()]);
  }

  /**
   * Creates a VM with this root disk, fresh from the image.
   *
   * @param name the folder's name, also used in errors
   * @param options.dataDisk the data disk of Vault's VM: a file, created empty if missing
   */
  async create(
    name: string,
    {
      dataDisk,
      controller = "SCSI",
      hostPorts,
      cpus,
    }: {
      dataDisk?: string;
      controller?: DiskController;
      hostPorts?: Readonly<Record<number, number>>;
      cpus?: number;
    } = {},
  ): Promise<Guest> {
    const { workshop, machine, folder, network } = this.options;
    const guestFolder = join(folder, name);
    await mkdir(guestFolder, { recursive: true, mode: 0o700 });
    if (dataDisk) await makeDisk(dataDisk);
    return Guest.create({
      name,
      qemu: workshop.qemu,
      acceleration: workshop.acceleration,
      folder: guestFolder,
      kernel: workshop.image.kernel,
      initrd: workshop.image.initrd,
      rootDisk: this.rootDisk,
      dataDisks: dataDisk && controller === "SCSI" ? { [DATA_DISK_SERIAL]: dataDisk } : {},
      nvmeDisks: dataDisk && controller === "NVMe" ? { [DATA_DISK_NAMESPACE]: dataDisk } : {},
      subnet: subnetOf(machine),
      gateway: gatewayOf(machine),
      address: guestAddress(machine),
      hostPorts,
      ethernetPort: network?.port,
      cpus,
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.forwards.map((forward) => forward.close()));
    await rm(this.rootDisk, { force: true });
  }
}

/** Creates an empty disk. Does not change an existing one. */
export async function makeDisk(path: string): Promise<void> {
  await run("/usr/bin/truncate", [`--size=${DATA_DISK}`, path]);
}

/** Returns the address of a service's forward in the guest. */
function addressOf(service: string): string {
  const [host = "", port = ""] = service.split(":");
  return `${isIPv4(host) ? host : NETWORK_ADDRESS}:${port}`;
}

/** Sandbox machines have loopback addresses, which a network interface cannot have. */
function onLoopback({ privateAddress }: BootingMachine): boolean {
  return privateAddress.startsWith("127.");
}

function guestAddress(machine: BootingMachine): string {
  return onLoopback(machine) ? "10.0.2.15" : machine.privateAddress;
}

function subnetOf(machine: BootingMachine): string {
  return onLoopback(machine) ? "10.0.2.0/24" : machine.subnet.cidr;
}

function prefixOf(machine: BootingMachine): string {
  return subnetOf(machine).split("/")[1] ?? "24";
}

/** Returns the first address of the subnet, as in Azure. */
function gatewayOf(machine: BootingMachine): string {
  const [network = ""] = subnetOf(machine).split("/");
  return network.replace(/\d+$/, (last) => String(Number(last) + 1));
}

async function run(command: string, args: string[]): Promise<void> {
  const { code, stderr } = await runProgram({
    command,
    args,
    env: { PATH: process.env.PATH },
    deadlineMs: 120_000,
  });
  if (code !== 0) throw new UserError(`${command} failed: ${stderr.trim()}`);
}
