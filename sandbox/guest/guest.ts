import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ChildProgram } from "../../lib/processes/child-program";
import { runProgram } from "../../lib/processes/run-program";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { GuestAgent, type GuestResult } from "./guest-agent";
import { orderQemu } from "./monitor";
import type { Acceleration, QemuPrograms } from "./qemu";

export interface GuestOptions {
  readonly name: string;
  readonly qemu: QemuPrograms;
  readonly acceleration: Acceleration;
  /** The guest's own private folder with a short path, because it contains a unix socket. */
  readonly folder: string;
  readonly kernel: string;
  readonly initrd?: string;
  /** A raw file system that does not change. The guest writes to a layer above it. */
  readonly rootDisk: string;
  /** Raw disks that the guest may write, by serial number. */
  readonly dataDisks?: Readonly<Record<string, string>>;
  /** The same, by the number of the NVMe namespace. */
  readonly nvmeDisks?: Readonly<Record<number, string>>;
  /** The guest's subnet. Its gateway, the first address, leads to this machine's 127.0.0.1. */
  readonly subnet: string;
  readonly gateway: string;
  /** The guest's own address in its subnet. */
  readonly address: string;
  /** Ports of this machine's 127.0.0.1 that forward to the guest, by the guest's port. */
  readonly hostPorts?: Readonly<Record<number, number>>;
  /** An Ethernet that guests share: a UDP port, where they multicast on this machine's loopback. It is the guest's eth1. */
  readonly ethernetPort?: number;
  readonly memoryMb?: number;
  readonly cpus?: number;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' colors begin with one.
const COLOR = /\u001b\[[\d;]*m/g;

/**
 * Kernel settings that save an emulated processor time, and that no unit can notice: the processor's own counter as clock, and no
 * protection from faults of processors.
 */
const FAST_ON_TCG = ["tsc=reliable", "mitigations=off", "init_on_alloc=0"];

/** Longest path of a unix socket, in bytes. */
const LONGEST_SOCKET = 103;

/** A virtual machine in QEMU, which boots its kernel directly. */
export class Guest {
  readonly agent: GuestAgent;
  #program?: ChildProgram;
  #options: GuestOptions;
  #consoleAtStart = 0;

  private constructor(options: GuestOptions) {
    this.#options = options;
    const socket = this.#file("agent");
    if (socket.length > LONGEST_SOCKET)
      throw new UserError(`The path of ${socket} is too long for a socket.`);
    this.agent = new GuestAgent(socket);
  }

  /** Creates a guest with a fresh layer above its root disk. Does not start it. */
  static async create(options: GuestOptions): Promise<Guest> {
    const guest = new Guest(options);
    await rm(guest.#file("console.log"), { force: true });
    await createLayer(options.qemu, options.rootDisk, guest.#file("root.qcow2"));
    return guest;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Returns the serial console's output since the guest's creation, without colors. */
  async console(): Promise<string> {
    const file = this.#file("console.log");
    return existsSync(file) ? (await readFile(file, "utf8")).replaceAll(COLOR, "") : "";
  }

  /** The console's output since the last start. Reading it takes no time of the emulated processor, unlike a command in the guest. */
  async consoleSinceStart(): Promise<string> {
    return (await this.console()).slice(this.#consoleAtStart);
  }

  /** Starts the guest. With a snapshot's name, the guest continues from the snapshot without a boot. */
  async start({ snapshot, clock }: { snapshot?: string; clock?: string } = {}): Promise<void> {
    if (this.#program?.running) throw new UserError(`${this.name} is already running.`);
    for (const socket of ["agent", "monitor"]) await rm(this.#file(socket), { force: true });
    this.agent.disconnect();
    this.#consoleAtStart = (await this.console()).length;
    this.#program = await ChildProgram.start({
      name: `QEMU (${this.name})`,
      command: this.#options.qemu.system,
      args: this.#arguments({ snapshot, clock }),
      env: { PATH: process.env.PATH, TMPDIR: this.#options.folder },
      cwd: this.#options.folder,
      logFile: this.#file("qemu.log"),
    });
  }

  /** Waits until the guest can run commands. */
  async untilThere({ deadlineMs }: { deadlineMs: number }): Promise<void> {
    const program = this.#running();
    await program.until(`${this.name} to run its guest agent`, () => existsSync(this.#file("agent")), {
      deadlineMs,
    });
    const abort = program.ended.then((): never => {
      throw new UserError(`${this.name} was stopped during its boot.`);
    });
    abort.catch(() => {});
    await this.agent.untilThere({ deadlineMs, abort });
  }

  /** Runs a bash script as root. */
  run(script: string, options?: { deadlineMs?: number }): Promise<GuestResult> {
    return this.agent.run(script, options);
  }

  /** Returns the trimmed output of a script that must succeed. */
  async output(script: string, options?: { deadlineMs?: number }): Promise<string> {
    const { code, output } = await this.run(script, options);
    if (code !== 0) throw new UserError(`${this.name}: exit code ${code} of: ${script}\n${output}`);
    return output.trim();
  }

  /** Simulates a power cut. Unwritten data of the guest is lost. */
  async cutPower(): Promise<void> {
    await this.#program?.kill();
    this.agent.disconnect();
  }

  /** Shuts the guest down, and waits until it is off. */
  async shutDown({ deadlineMs }: { deadlineMs: number }): Promise<void> {
    const program = this.#running();
    await this.run("systemctl poweroff --no-block");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new UserError(
              `${this.name} did not stop within ${deadlineMs / 1000} s after systemctl poweroff.`,
            ),
          ),
        deadlineMs,
      );
    });
    await Promise.race([program.ended, late]).finally(() => clearTimeout(timer));
    this.agent.disconnect();
  }

  #running(): ChildProgram {
    if (!this.#program?.running) throw new UserError(`${this.name} is not running.`);
    return this.#program;
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }

  /** Saves memory and root disk for `start`. Works only without data disks. */
  async keepSnapshot(name: string): Promise<void> {
    await orderQemu(this.#file("monitor"), `savevm ${name}`);
  }

  /** Attaches a raw disk while the guest runs. */
  async attachDisk(serial: string, path: string): Promise<void> {
    const order = (command: string) => orderQemu(this.#file("monitor"), command);
    const [, driveOptions = "", , deviceOptions = ""] = disk(serial, path, "raw");
    await orderDrive(order, driveOptions);
    await order(`device_add ${deviceOptions}`);
  }

  #arguments({ snapshot, clock }: { snapshot?: string; clock?: string }): string[] {
    const {
      acceleration,
      kernel,
      initrd,
      dataDisks = {},
      nvmeDisks = {},
      subnet,
      gateway,
      address,
      hostPorts = {},
      ethernetPort,
      memoryMb = 1536,
      cpus = 2,
    } = this.#options;
    const forwards = Object.entries(hostPorts).map(
      ([guest, host]) => `,hostfwd=tcp:127.0.0.1:${host}-${address}:${guest}`,
    );
    const kernelArguments = [
      "root=/dev/disk/by-id/virtio-root",
      "rw",
      "console=hvc0",
      "ds=nocloud",
      "net.ifnames=0",
      "systemd.show_status=true",
      "systemd.status_unit_format=name",
      // Nobody logs in there, and systemd writes its lines only while nobody else uses the console.
      "systemd.mask=serial-getty@hvc0.service",
      "panic=-1",
      // The image's packages have already created the linker's cache and other files that systemd creates at the first boot.
      "systemd.condition_needs_update=no",
    ];
    // A start that takes Vault a second takes a minute on an emulated processor of a busy machine.
    if (acceleration === "TCG") kernelArguments.push("systemd.default_timeout_start_sec=900", ...FAST_ON_TCG);
    // There is no initrd, so the kernel itself finds the root disk by the name of its first disk.
    if (initrd === undefined) kernelArguments[0] = "root=/dev/vda";
    return [
      "-nodefaults",
      "-no-user-config",
      ["-machine", "pc"],
      ["-accel", acceleration === "KVM" ? "kvm" : "tcg,thread=multi"],
      ["-cpu", acceleration === "KVM" ? "host" : "max,erms=off,smap=off,la57=off"],
      ["-smp", String(cpus)],
      ["-m", String(memoryMb)],
      ["-display", "none"],
      ["-kernel", kernel],
      initrd === undefined ? [] : ["-initrd", initrd],
      ["-append", kernelArguments.join(" ")],
      ["-chardev", `file,id=console,path=${this.#file("console.log")},append=on`],
      disk("root", this.#file("root.qcow2"), "qcow2"),
      ...Object.entries(dataDisks).map(([serial, path]) => disk(serial, path, "raw")),
      Object.keys(nvmeDisks).length > 0 ? ["-device", "nvme,id=nvme,serial=nvme"] : [],
      ...Object.entries(nvmeDisks).map(([namespace, path]) => nvmeDisk(namespace, path)),
      ["-netdev", `user,id=net,net=${subnet},host=${gateway}${forwards.join("")}`],
      ["-device", "virtio-net-pci,netdev=net,romfile="],
      ethernetPort === undefined ? [] : ethernet(ethernetPort, address),
      ["-device", "virtio-rng-pci"],
      ["-device", "virtio-serial-pci"],
      ["-device", "virtconsole,chardev=console"],
      ["-chardev", `socket,id=agent,path=${this.#file("agent")},server=on,wait=off`],
      ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
      ["-qmp", `unix:${this.#file("monitor")},server=on,wait=off`],
      clock === undefined ? [] : ["-rtc", `base=${clock}`],
      snapshot === undefined ? [] : ["-loadvm", snapshot],
    ].flat();
  }
}

/** Sends an order for a drive. QEMU's monitor answers OK if it accepts the order. */
async function orderDrive(order: (command: string) => Promise<void>, options: string): Promise<void> {
  await order(`drive_add 0 ${options}`).catch((error: unknown) => {
    if (!/: OK$/.test(messageOf(error))) throw error;
  });
}

/** cache=writeback: data that the guest has synced survives a kill of QEMU. */
function disk(serial: string, path: string, format: string): string[] {
  return [
    "-drive",
    `if=none,id=${serial},file=${path},format=${format},cache=writeback,discard=unmap`,
    "-device",
    `virtio-blk-pci,drive=${serial},serial=${serial}`,
  ];
}

/** The last three bytes of the card's address are those of the guest's IP address, because cards on one Ethernet must differ. */
function ethernet(port: number, address: string): string[] {
  const bytes = address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return [
    "-netdev",
    `socket,id=ethernet,mcast=230.0.0.1:${port},localaddr=127.0.0.1`,
    "-device",
    `virtio-net-pci,netdev=ethernet,romfile=,mac=52:54:00:${bytes.slice(1).join(":")}`,
  ];
}

function nvmeDisk(namespace: string, path: string): string[] {
  const id = `nvme-${namespace}`;
  return [
    "-drive",
    `if=none,id=${id},file=${path},format=raw,cache=writeback,discard=unmap`,
    "-device",
    `nvme-ns,drive=${id},bus=nvme,nsid=${namespace}`,
  ];
}

async function createLayer({ img }: QemuPrograms, base: string, layer: string): Promise<void> {
  await rm(layer, { force: true });
  const { code, stderr } = await runProgram({
    command: img,
    args: ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, layer],
    env: { PATH: process.env.PATH },
    deadlineMs: 30_000,
  });
  if (code !== 0) throw new UserError(`qemu-img could not create ${layer}: ${stderr.trim()}`);
}
