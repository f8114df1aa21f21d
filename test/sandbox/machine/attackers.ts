import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import https from "node:https";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Machine } from "../../../sandbox/machine/machine";
import { listeners } from "./listeners";
import { nextAddress } from "./small-machine";

const VAULT = "vault.service";
const vaultPorts = [8200, 8201];

/** The attackers' findings. */
export interface Findings {
  /** Attempted connections. */
  tries: number;
  /** Successful connections. */
  connections: number;
  /** Vault's answers, by request and status: "PUT sys/init 400". */
  answers: Map<string, number>;
  /** Checks of all listeners on this computer. */
  looks: number;
  /** Violations, one sentence each. */
  faults: string[];
}

/**
 * Clients that try every address of a machine except its own loopback, from several addresses, as long as they run: Vault's ports
 * without a pause, others at random. In addition, this checks all listeners on this computer.
 */
export class Attackers {
  readonly findings: Findings = { tries: 0, connections: 0, answers: new Map(), looks: 0, faults: [] };
  readonly #sources = [nextAddress(), nextAddress()];
  /** The machine does not use this address, so only a listener on all addresses would answer here. */
  readonly #elsewhere = nextAddress();
  #running?: Promise<unknown>;
  #stopped = false;

  /**
   * @param openToNodes ports that are open before first boot is complete, because a cluster's node could not join otherwise
   * @param pauseMs milliseconds between two tries of a client
   */
  constructor(
    private readonly machine: Machine,
    private readonly random: () => number,
    private readonly openToNodes: readonly number[] = [],
    private readonly pauseMs = 5,
  ) {}

  start(): void {
    this.#stopped = false;
    const clients = this.#sources.map((source) => this.#repeat(() => this.#attack(source)));
    this.#running = Promise.all([...clients, this.#repeat(() => this.#look())]);
  }

  /** Resolves when the last attempt is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #repeat(work: () => void | Promise<void>): Promise<void> {
    while (!this.#stopped) {
      await work();
      await delay(this.pauseMs);
    }
  }

  async #attack(source: string): Promise<void> {
    const { address } = this.machine;
    for (const [method, path] of [
      ["PUT", "sys/init"],
      ["GET", "sys/health"],
    ] as const) {
      if (await this.#opens(address, 8200, source)) await this.#ask(method, path, source);
    }
    await this.#opens(address, 8201, source);
    const anyPort = 1 + Math.floor(this.random() * 65_535);
    const isTried = !vaultPorts.includes(anyPort) && !this.#isOthers(anyPort);
    if (isTried && (await this.#opens(address, anyPort, source)))
      this.#fault(`${address}:${anyPort} is open`);
    for (const host of [this.#elsewhere, "::1"]) {
      for (const port of vaultPorts) {
        if (await this.#opens(host, port)) this.#fault(`${host}:${port} is open`);
      }
    }
  }

  /** True if a connection opens, which is forbidden before first boot is complete. */
  #opens(host: string, port: number, localAddress?: string): Promise<boolean> {
    this.findings.tries += 1;
    return new Promise((resolve) => {
      const socket = connect({ host, port, localAddress });
      socket.once("error", () => resolve(false));
      socket.once("connect", () => {
        this.findings.connections += 1;
        const isMeant = host === this.machine.address && this.openToNodes.includes(port);
        if (!this.#complete && !isMeant)
          this.#fault(`${host}:${port} is open while first boot is "${this.#state}"`);
        socket.destroy();
        resolve(true);
      });
    });
  }

  #ask(method: string, path: string, localAddress: string): Promise<void> {
    return new Promise((resolve) => {
      const request = https.request(
        {
          host: this.machine.address,
          port: 8200,
          path: `/v1/${path}`,
          method,
          localAddress,
          agent: false,
          rejectUnauthorized: false,
          timeout: 10_000,
        },
        (answer) => {
          const what = `${method} ${path} ${answer.statusCode}`;
          this.findings.answers.set(what, 1 + (this.findings.answers.get(what) ?? 0));
          if (!this.#complete) this.#fault(`${what} while first boot is "${this.#state}"`);
          if (path === "sys/init" && answer.statusCode === 200) this.#fault("an attacker initialized Vault");
          answer.resume().once("close", resolve);
        },
      );
      request.once("timeout", () => request.destroy());
      // Vault did not answer, because it stops or has just started.
      request.once("error", () => resolve());
      request.end(
        method === "PUT" ? JSON.stringify({ recovery_shares: 1, recovery_threshold: 1 }) : undefined,
      );
    });
  }

  /** True if a program of this computer that does not belong to the machine listens there on all addresses. */
  #isOthers(port: number): boolean {
    const vaults = socketsOf(this.machine.pid(VAULT));
    return listeners().some(
      (it) =>
        it.port === port &&
        (it.host === "0.0.0.0" || it.host === `[${"0".repeat(32)}]`) &&
        !vaults.has(it.inode),
    );
  }

  /** Checks the listeners: on the machine's addresses, and of Vault's own process. */
  #look(): void {
    const { address, loopback } = this.machine;
    const complete = this.#complete;
    const vaults = socketsOf(this.machine.pid(VAULT));
    this.findings.looks += 1;
    for (const { host, port, inode } of listeners()) {
      if (host !== address && host !== loopback && !vaults.has(inode)) continue;
      const isOpen = complete || this.openToNodes.includes(port);
      const meant = vaultPorts.includes(port) && (host === loopback || (isOpen && host === address));
      // First boot may have become complete meanwhile.
      if (!meant && !(this.#complete && !complete)) {
        this.#fault(`something listens on ${host}:${port} while first boot is "${this.#state}"`);
      }
    }
  }

  get #state(): string {
    try {
      return readFileSync(this.machine.path("/var/lib/vault/first-boot"), "utf8").trim();
    } catch {
      return "not begun";
    }
  }

  get #complete(): boolean {
    return this.#state === "complete";
  }

  #fault(sentence: string): void {
    if (!this.findings.faults.includes(sentence)) this.findings.faults.push(sentence);
  }
}

/** Inodes of a process's sockets. */
function socketsOf(pid: number | undefined): Set<string> {
  if (pid === undefined) return new Set();
  const folder = `/proc/${pid}/fd`;
  try {
    const targets = readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
    return new Set(targets.map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? ""));
  } catch {
    return new Set(); // the process has just ended, or closed a socket
  }
}
