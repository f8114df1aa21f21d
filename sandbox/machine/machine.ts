import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { cloudConfig, readCloudConfig, textOf, withText } from "../../cloud-init/cloud-config";
import { RELEASES_FOLDER, type Release } from "../../cloud-init/common/release";
import { inTurn } from "../../lib/processes/in-turn";
import { lastLines } from "../../lib/processes/run-program";
import { UserError } from "../../lib/processes/user-error";
import { DeadlineError, waitFor } from "../../lib/processes/wait-for";
import { killLeftovers } from "../programs/leftover-processes";
import { NO_PROXY, UBUNTU_UNITS } from "./differences";
import { Mapping } from "./mapping";
import { requireFree, requirePrograms } from "./requirements";
import { ServiceManager } from "./service-manager";
import { systemctl } from "./systemctl";
import { SystemdPrograms } from "./systemd-programs";
import { emptyFolder, type UnitState } from "./unit";
import type { Variables } from "./unit-environment";

/** A release that is already installed, as install-release would install it. */
export interface InstalledProgram extends Pick<Release, "name" | "version"> {
  /** The program that replaces it, as an absolute path. */
  readonly path: string;
}

export interface MachineOptions {
  /** The name in errors. */
  readonly name: string;
  /** The address for other hosts, on this computer's loopback, for example 127.31.1.4. */
  readonly address: string;
  /** Its programs' 127.0.0.1: another such address, which no other host knows. */
  readonly loopback: string;
  /** The folder of the machine whose audit log Vault's configuration names. Default: its own folder. */
  readonly auditFolder?: string;
  /** Addresses of the virtual network's names. Default: none. */
  readonly hosts?: ReadonlyMap<string, string>;
  /** User data. Terraform's references are already replaced. */
  readonly cloudConfig: string;
  /** A private folder with a short path, because it contains a unix socket. This creates it if it is missing. */
  readonly folder: string;
  /** HTTP_PROXY and HTTPS_PROXY of its processes. They reach Azure through it, and Vault under its private name. */
  readonly proxyUrl: string;
  /** SSL_CERT_FILE of its processes. */
  readonly caFile: string;
  /** The releases that exist before the machine boots. */
  readonly programs: readonly InstalledProgram[];
  /** The longest pause in seconds before a unit restarts. Default: 0.2. */
  readonly restartSeconds?: number;
}

/** Folders that every VM has, with their modes. */
const FOLDERS: Readonly<Record<string, number>> = {
  "/": 0o700,
  "/etc/vault.d": 0o755,
  "/run": 0o755,
  "/tmp": 0o700,
  "/var/lib": 0o755,
  "/var/log": 0o755,
};

/** The longest path of a unix socket in bytes. macOS has the lowest limit. Source: its sys/un.h. */
const LONGEST_SOCKET = 103;

/** Lines of a unit's log that an error quotes. */
const QUOTED_LINES = 5;

/**
 * A VM of the sandbox. Its user data run below a private root without root rights. differences.ts lists the differences from a VM
 * on Azure.
 */
export class Machine {
  /** The variables in the environment of every process. */
  readonly environment: Variables;
  readonly #options: MachineOptions;
  readonly #mapping: Mapping;
  readonly #manager: ServiceManager;
  readonly #systemctl: SystemdPrograms;
  readonly #userData: ReturnType<typeof readCloudConfig>;
  #bootedBefore = false;
  /** How often it was switched off. A boot compares this number, and ends if it has changed. */
  #switchedOff = 0;

  private constructor(options: MachineOptions) {
    const { folder, auditFolder = folder, address, loopback, hosts = new Map() } = options;
    const { restartSeconds = 0.2 } = options;
    this.#options = options;
    this.#userData = readCloudConfig(options.cloudConfig);
    this.#mapping = new Mapping({
      root: join(folder, "root"),
      auditRoot: join(auditFolder, "root"),
      address,
      loopback,
      hosts,
      userId: process.getuid?.() ?? 0,
      groupId: process.getgid?.() ?? 0,
    });
    this.environment = environmentOf(options, {
      APPLY_ROOT: join(folder, "root"),
      TMPDIR: this.path("/tmp"),
    });
    this.#manager = new ServiceManager({
      mapping: this.#mapping,
      environment: this.environment,
      restartMs: restartSeconds * 1000,
      logFolder: join(folder, "log"),
    });
    this.#systemctl = new SystemdPrograms(this.#manager, {
      folder: join(folder, "bin"),
      socket: socketOf(folder),
      logFolder: join(folder, "log"),
    });
  }

  /**
   * Writes the files of the user data. Nothing runs yet.
   *
   * @throws UserError if this computer lacks a program, or cannot use the folder or the address
   */
  static async create(options: MachineOptions): Promise<Machine> {
    checkFolder(options);
    const machine = new Machine(options);
    await requirePrograms(machine.environment.PATH ?? "", (machine.#userData.packages ?? []) as unknown[]);
    machine.#writeFiles();
    for (const program of options.programs) machine.install(program);
    await machine.#requireFreePorts();
    return machine;
  }

  get name(): string {
    return this.#options.name;
  }

  get address(): string {
    return this.#options.address;
  }

  /** Installs a release as install-release would, but as a link: Vault has half a gigabyte. */
  install({ name, version, path }: InstalledProgram): void {
    const folder = this.path(`${RELEASES_FOLDER}/${name}-${version}`);
    mkdirSync(folder, { recursive: true });
    rmSync(join(folder, name), { force: true });
    symlinkSync(path, join(folder, name));
  }

  /** The user data with the content of this machine's files. IMDS returns them to the machine. */
  mapped(userData: string): string {
    const { write_files: files, ...config } = readCloudConfig(userData);
    return cloudConfig({
      ...config,
      write_files: files.map((file) => withText(file, this.#mapping.fileContent(file.path, textOf(file)))),
    });
  }

  get loopback(): string {
    return this.#options.loopback;
  }

  /** The real path of a path on the VM. */
  path(absolute: string): string {
    return this.#mapping.path(absolute);
  }

  /**
   * Starts the units: on the first boot those in runcmd's `systemctl enable --now`, later the enabled ones. It does not wait until they
   * are up; `untilActive` does.
   *
   * @throws UserError if a systemctl command of runcmd fails, a port is taken, or the machine is switched off meanwhile
   */
  async boot(): Promise<void> {
    const before = this.#switchedOff;
    const on = () => this.#switchedOff === before;
    await this.#requireFreePorts();
    if (on()) await this.#systemctl.open();
    if (on() && this.#bootedBefore) {
      this.#manager.daemonReload();
      this.#manager.startEnabled();
    } else await this.#runSystemctlCommands(on);
    if (!on()) {
      await this.#systemctl.close();
      throw new UserError(`${this.name} was switched off while it booted.`);
    }
    this.#bootedBefore = true;
  }

  /** @throws UserError with the end of its log if it does not start */
  start(unit: string): Promise<void> {
    return this.#order("start", unit);
  }

  stop(unit: string): Promise<void> {
    return this.#order("stop", unit);
  }

  restart(unit: string): Promise<void> {
    return this.#order("restart", unit);
  }

  /** @throws UserError if it does not run */
  reload(unit: string): Promise<void> {
    return this.#order("reload", unit);
  }

  isActive(unit: string): boolean {
    return ["active", "reloading"].includes(this.state(unit));
  }

  state(unit: string): UnitState {
    return this.#manager.stateOf(unit);
  }

  /** Process id of a unit's main program, while it runs. */
  pid(unit: string): number | undefined {
    return this.#manager.pidOf(unit);
  }

  /**
   * Waits until a unit is active. If systemd restarts a failed unit, this waits for the restart.
   *
   * @throws UserError with the end of its log if it failed for good, and at the deadline
   */
  async untilActive(unit: string, { deadlineMs }: { deadlineMs: number }): Promise<void> {
    try {
      const state = await waitFor(
        `${unit} of ${this.name} to be active`,
        () => ["active", "failed"].find((it) => it === this.state(unit)),
        { deadlineMs },
      );
      if (state === "failed") throw this.#problem(`${unit} failed`, unit);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw this.#problem(error.message, unit);
    }
  }

  /** Runs the command of a oneshot unit once, as its timer does, in its place in the order. It does not restart after a failure. */
  async run(unit: string): Promise<{ code: number; output: string }> {
    if (!this.#manager.has(unit)) throw new UserError(`${this.name} has no unit ${unit}.`);
    const before = this.output(unit).length;
    const { code } = await this.#manager.run(unit);
    return { code, output: this.output(unit).slice(before) };
  }

  /** Sends a signal to a unit's program and all its processes. */
  kill(unit: string, signal: NodeJS.Signals): void {
    if (!this.#manager.signal(unit, signal, "group")) {
      throw new UserError(`${unit} of ${this.name} does not run, so it cannot be sent ${signal}.`);
    }
  }

  /** The file that contains `output`. */
  logFile(unit: string): string {
    return this.#manager.logFileOf(unit);
  }

  /** The output of a unit's programs, and of the service manager about it. */
  output(unit: string): string {
    const file = this.logFile(unit);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** Cuts the power, then boots again. */
  async reboot(): Promise<void> {
    await this.cutPower();
    await this.boot();
  }

  /** Kills everything (kill -9) and empties the memory, as a power cut does. `boot` starts it again. */
  async cutPower(): Promise<void> {
    await this.#off();
  }

  /** Stops everything in order. `boot` starts it again. */
  async powerOff(): Promise<void> {
    await this.#off(() => this.#manager.stopAll());
  }

  /** Leaves no process behind, even if a step fails. */
  async #off(shutdown = async (): Promise<void> => {}): Promise<void> {
    this.#switchedOff++;
    await inTurn(
      shutdown,
      () => this.#manager.cut(),
      () => this.#systemctl.close(),
      () => killLeftovers(join(this.#options.folder, "log")),
      () => emptyFolder(this.path("/run")),
    );
  }

  async #order(command: string, unit: string): Promise<void> {
    const { code, text } = await systemctl(this.#manager, [command, unit]);
    if (code !== 0) throw this.#problem(text, unit);
  }

  #problem(sentence: string, unit: string): UserError {
    const lines = lastLines(this.output(unit), QUOTED_LINES);
    return new UserError(
      `${this.name}: ${sentence} ${lines ? `Its log ends: ${lines}` : "Its log is empty."}`,
    );
  }

  /** Runs runcmd's systemctl commands. The others need root or the network. */
  async #runSystemctlCommands(on: () => boolean): Promise<void> {
    for (const [program, ...words] of (this.#userData.runcmd ?? []) as string[][]) {
      if (program !== "systemctl" || !on()) continue;
      const { code, text } = await systemctl(this.#manager, words);
      if (code !== 0) throw new UserError(`${this.name}: systemctl ${words.join(" ")} failed: ${text}`);
    }
  }

  #writeFiles(): void {
    const { folder } = this.#options;
    for (const path of [folder, join(folder, "log")]) {
      mkdirSync(path, { recursive: true });
      chmodSync(path, 0o700);
    }
    for (const [path, mode] of Object.entries(FOLDERS)) {
      mkdirSync(this.path(path), { recursive: true });
      chmodSync(this.path(path), mode);
    }
    for (const unit of UBUNTU_UNITS) this.#writeFile(`/usr/lib/systemd/system/${unit}`, "", 0o644);
    for (const file of this.#userData.write_files) {
      this.#writeFile(file.path, textOf(file), Number.parseInt(file.permissions, 8));
    }
  }

  #writeFile(path: string, content: string, mode: number): void {
    const file = this.path(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, this.#mapping.fileContent(path, content));
    chmodSync(file, mode);
  }

  /** Checks the ports in the configuration files, on both addresses. */
  async #requireFreePorts(): Promise<void> {
    const { address, loopback } = this.#options;
    const texts = this.#userData.write_files
      .filter(({ path }) => path.endsWith(".hcl"))
      .map((file) => this.#mapping.fileContent(file.path, textOf(file)));
    const found = texts.flatMap((text) => [...text.matchAll(/address\s*=\s*"([\d.]+):(\d+)"/g)]);
    for (const [, host, port] of found) {
      if (host !== loopback) continue;
      for (const own of [loopback, address]) {
        const free = () => requireFree(own, Number(port)).then(() => true);
        // A killed program's children keep its sockets for a moment longer, such as HAProxy's worker.
        if (this.#bootedBefore)
          await waitFor(`${own}:${port} to be free`, free, { deadlineMs: 10_000, intervalMs: 20 });
        else await free();
      }
    }
  }
}

function socketOf(folder: string): string {
  return join(folder, "systemd.sock");
}

/** The longest socket name below a VM's folder: Vault Agent's. */
const AGENT_SOCKET = "/root/ramdisk/app/agent.sock";

/** The longest path of a VM's folder. */
export const LONGEST_FOLDER = LONGEST_SOCKET - AGENT_SOCKET.length;

/** Paths in units and configuration files are not always quoted, and a socket's path must be short. */
function checkFolder({ folder }: MachineOptions): void {
  if (!isAbsolute(folder) || !/^[\w./-]+$/.test(folder) || folder.length > LONGEST_FOLDER) {
    throw new UserError(
      `A machine cannot be in ${folder}. Use an absolute path of at most ${LONGEST_FOLDER} letters, digits, dots and hyphens.`,
    );
  }
}

function environmentOf({ folder, proxyUrl, caFile }: MachineOptions, places: Variables): Variables {
  const inherited = (process.env.PATH ?? "").split(delimiter).filter((it) => isAbsolute(it));
  const path = new Set([join(folder, "bin"), ...inherited, "/usr/sbin", "/usr/bin", "/sbin", "/bin"]);
  const proxies = { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl, NO_PROXY };
  // curl reads http_proxy only in lower case.
  const spelledLower = Object.entries(proxies).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    PATH: [...path].join(delimiter),
    LANG: "C.UTF-8",
    ...places,
    // Nobody waits a quarter of an hour for a renewed certificate.
    CERTIFICATE_SETTLE_SECONDS: "0",
    ...proxies,
    ...Object.fromEntries(spelledLower),
    SSL_CERT_FILE: caFile,
  };
}
