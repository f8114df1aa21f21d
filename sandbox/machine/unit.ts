import { randomUUID } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DATA_DISK } from "./differences";
import type { UnitDefinition } from "./unit-definition";

/** Source: systemd's org.freedesktop.systemd1(5), "ActiveState". */
export type UnitState = "inactive" | "activating" | "active" | "reloading" | "deactivating" | "failed";

/** The result of a start or a run. */
export interface StartResult {
  readonly succeeded: boolean;
  /** Exit code of the deciding command. After a signal, 128 plus the signal's number. */
  readonly code: number;
}

export interface Unit {
  definition: UnitDefinition;
  readonly state: UnitState;
  /** The result of its last run. `success` before the first run. */
  readonly result: "success" | "exit-code";
  /** Changes with each start. Empty before the first. Source: systemd.exec(5), "INVOCATION_ID". */
  readonly invocation: string;
  /** Process id of its main program while it runs. */
  readonly pid?: number;
  /** `once`: it does not restart after a failure, and an active unit runs again. */
  start(options?: { once?: boolean }): Promise<StartResult>;
  stop(): Promise<void>;
  /** @returns true if it worked */
  reload(): Promise<boolean>;
  /** @returns true if a process received it */
  signal(signal: NodeJS.Signals, whom: "process" | "group"): boolean;
  /** Kills everything (kill -9), as a power cut does. */
  cut(): Promise<void>;
}

/** A mount, which is a folder here, or a timer or device, which does nothing. */
export class PassiveUnit implements Unit {
  state: UnitState = "inactive";
  readonly result = "success";
  invocation = "";

  constructor(
    public definition: UnitDefinition,
    private readonly pathOf: (absolute: string) => string,
    private readonly changed: () => void,
  ) {}

  async start(): Promise<StartResult> {
    const mountPoint = this.#mountPoint;
    if (this.state !== "active") this.invocation = newInvocation();
    if (mountPoint) {
      const folder = this.pathOf(mountPoint);
      const content = this.pathOf(DATA_DISK.content);
      if (mountPoint === DATA_DISK.mountPoint && !existsSync(folder) && existsSync(content)) {
        cpSync(content, folder, { recursive: true });
      }
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      chmodSync(folder, this.#mode);
    }
    this.#become("active");
    return { succeeded: true, code: 0 };
  }

  /** Also empties a file system in memory. */
  async stop(): Promise<void> {
    const { file } = this.definition;
    if (this.#mountPoint && file.last("Mount", "Type") === "tmpfs")
      emptyFolder(this.pathOf(this.#mountPoint));
    this.#become("inactive");
  }

  async reload(): Promise<boolean> {
    return false;
  }

  signal(): boolean {
    return false;
  }

  cut(): Promise<void> {
    return this.stop();
  }

  get #mountPoint(): string | undefined {
    return this.definition.file.last("Mount", "Where");
  }

  /** The mode of the file system, or of the folder on which it is mounted. */
  get #mode(): number {
    const { file } = this.definition;
    const option = /(?:^|,)mode=([0-7]+)/.exec(file.last("Mount", "Options") ?? "")?.[1];
    return Number.parseInt(option ?? file.last("Mount", "DirectoryMode") ?? "0755", 8);
  }

  #become(state: UnitState): void {
    this.state = state;
    this.changed();
  }
}

export function newInvocation(): string {
  return randomUUID().replaceAll("-", "");
}

/** Removes the content of a folder, if it exists. The folder stays. */
export function emptyFolder(folder: string): void {
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) rmSync(join(folder, name), { recursive: true, force: true });
}
