import { join } from "node:path";
import { type Job, type JobResult, Jobs, type JobType, type Work } from "./jobs";
import { Service, type ServiceHost } from "./service";
import { PassiveUnit, type StartResult, type Unit, type UnitState } from "./unit";
import { UnitDefinition } from "./unit-definition";
import { logLine } from "./unit-process";

export interface ServiceManagerOptions extends Pick<ServiceHost, "mapping" | "environment" | "restartMs"> {
  readonly logFolder: string;
}

/** The VM's systemd: its units, its jobs, and which units the boot starts. */
export class ServiceManager {
  readonly #units = new Map<string, Unit>();
  readonly #enabled = new Set<string>();
  readonly #jobs = new Jobs((unit, line) => this.#log(unit, line));

  constructor(private readonly options: ServiceManagerOptions) {}

  /** True if this unit exists. */
  has(name: string): boolean {
    return this.#unit(name) !== undefined;
  }

  stateOf(name: string): UnitState {
    return this.#unit(name)?.state ?? "inactive";
  }

  pidOf(name: string): number | undefined {
    return this.#unit(name)?.pid;
  }

  logFileOf(name: string): string {
    return join(this.options.logFolder, `${name}.log`);
  }

  canReload(name: string): boolean {
    return (this.#unit(name)?.definition.file.all("Service", "ExecReload") ?? []).length > 0;
  }

  /** Starts units and the units they want, as one transaction. */
  start(names: readonly string[]): Promise<JobResult>[] {
    const jobs = new Map<string, Job>();
    for (const name of names) this.#plan(name, jobs);
    return names.map((name) => jobs.get(name)?.result ?? Promise.resolve("done"));
  }

  stop(name: string): Promise<JobResult> {
    return this.#submit(name, "stop", async () => {
      await this.#unit(name)?.stop();
      return "done";
    });
  }

  /** Restarts it with the units it wants and requires, as a start does. */
  restart(name: string): Promise<JobResult> {
    const { wants = [], requires = [] } = this.#unit(name)?.definition ?? {};
    for (const other of [...wants, ...requires]) {
      if (this.#unit(other)?.state !== "active") this.#plan(other, new Map());
    }
    return this.#submit(name, "restart", async (_, turnToStart) => {
      await this.#unit(name)?.stop();
      return (await turnToStart()) ? this.#start(name) : "canceled";
    });
  }

  reload(name: string): Promise<JobResult> {
    return this.#submit(name, "reload", async () => ((await this.#unit(name)?.reload()) ? "done" : "failed"));
  }

  /** Runs a unit once, in its place in the order. It does not restart after a failure. */
  async run(name: string): Promise<StartResult> {
    let result: StartResult = { succeeded: false, code: 1 };
    await this.#submit(name, "run", async () => {
      result = (await this.#unit(name)?.start({ once: true })) ?? result;
      return result.succeeded ? "done" : "failed";
    });
    return result;
  }

  /** @returns true if a process received it */
  signal(name: string, signal: NodeJS.Signals, whom: "process" | "group"): boolean {
    return this.#unit(name)?.signal(signal, whom) ?? false;
  }

  /** Makes the boot start these units if they have an [Install] section. */
  enable(names: readonly string[]): void {
    for (const name of names) if (this.#unit(name)?.definition.startsAtBoot) this.#enabled.add(name);
  }

  disable(names: readonly string[]): void {
    for (const name of names) this.#enabled.delete(name);
  }

  /** Properties under their names in `systemctl show`. Those of a forgotten unit are the ones of a unit that never ran. */
  propertiesOf(name: string): Readonly<Record<string, string>> {
    const unit = this.#isForgotten(name) ? undefined : this.#unit(name);
    return {
      ActiveState: unit?.state ?? "inactive",
      InvocationID: unit?.invocation ?? "",
      Result: unit?.result ?? "success",
    };
  }

  /** Starts the enabled units and does not wait for them. */
  startEnabled(): void {
    void Promise.all(this.start([...this.#enabled]));
  }

  /** Reads all units again. It forgets a unit without a file once the unit does not run. */
  daemonReload(): void {
    for (const [name, unit] of this.#units) {
      const definition = this.#load(name);
      if (definition) unit.definition = definition;
      else if (["inactive", "failed"].includes(unit.state)) this.#units.delete(name);
    }
  }

  /** Stops everything in order, as a shutdown does. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#units.keys()].map((name) => this.stop(name)));
  }

  /** Kills everything at once (kill -9), as a power cut does. */
  async cut(): Promise<void> {
    this.#jobs.cancelAll();
    await Promise.all([...this.#units.values()].map((unit) => unit.cut()));
    this.#jobs.cancelAll();
  }

  /** Adds jobs for a unit and the units it wants, if they are not up. */
  #plan(name: string, jobs: Map<string, Job>): void {
    const unit = this.#unit(name);
    if (!unit || jobs.has(name)) return;
    const { definition } = unit;
    const needed = [...definition.requires];
    // A mount only needs disks, which always exist.
    const others = unit instanceof PassiveUnit ? [] : [...definition.wants, ...needed];
    const work: Work = async (job) => {
      const outcomes = await Promise.all(needed.map((other) => jobs.get(other)?.result ?? "done"));
      if (job.canceled) return "canceled";
      return outcomes.some((outcome) => outcome !== "done") ? "dependency" : this.#start(name);
    };
    // Its needs are known only after this job exists. The work begins later.
    jobs.set(name, this.#jobs.add(definition, "start", work));
    for (const other of others) {
      if (this.#unit(other)?.state !== "active") this.#plan(other, jobs);
    }
  }

  async #start(name: string): Promise<JobResult> {
    return (await this.#unit(name)?.start())?.succeeded ? "done" : "failed";
  }

  #submit(name: string, type: JobType, work: Work): Promise<JobResult> {
    const unit = this.#unit(name);
    return unit ? this.#jobs.add(unit.definition, type, work).result : Promise.resolve("failed");
  }

  #unit(name: string): Unit | undefined {
    const known = this.#units.get(name);
    if (known) return known;
    const definition = this.#load(name);
    if (!definition) return undefined;
    const unit = this.#make(definition);
    this.#units.set(name, unit);
    return unit;
  }

  /**
   * systemd forgets an inactive unit, unless a unit that it remembers refers to it. The target of the boot refers to the enabled
   * units. Source: systemd.unit(5), "CollectMode=".
   */
  #isForgotten(name: string): boolean {
    if (this.stateOf(name) !== "inactive") return false;
    const running = [...this.#units.values()].filter(({ state }) => state !== "inactive");
    const remembered = new Set([...this.#enabled, ...running.map(({ definition }) => definition.name)]);
    // A set's loop also visits what is added meanwhile.
    for (const it of remembered)
      for (const other of this.#unit(it)?.definition.refersTo ?? []) remembered.add(other);
    return !remembered.has(name);
  }

  #load(name: string): UnitDefinition | undefined {
    return UnitDefinition.load(name, (path) => this.options.mapping.path(path));
  }

  #make(definition: UnitDefinition): Unit {
    const { name } = definition;
    const changed = (): void => this.#jobs.changed();
    if (!name.endsWith(".service")) {
      return new PassiveUnit(definition, (path) => this.options.mapping.path(path), changed);
    }
    return new Service(definition, {
      ...this.options,
      logFile: this.logFileOf(name),
      changed,
      restartDue: () => void Promise.all(this.start([name])),
    });
  }

  #log(unit: string, line: string): void {
    logLine(this.logFileOf(unit), unit, line);
  }
}
