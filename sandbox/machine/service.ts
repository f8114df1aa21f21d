import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import type { Ending, GuardedProcess } from "../../lib/processes/guarded-process";
import { runProgram } from "../../lib/processes/run-program";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { expandCommandLine, parseCommandLine } from "./command-line";
import type { Mapping } from "./mapping";
import { parseTimeSpan } from "./time-span";
import { newInvocation, type StartResult, type Unit, type UnitState } from "./unit";
import type { UnitDefinition } from "./unit-definition";
import { parseEnvironment, readEnvironmentFile, type Variables } from "./unit-environment";
import { appendToLog, exitCodeOf, logLine, startUnitProcess, untilListening } from "./unit-process";

export interface ServiceHost {
  readonly mapping: Mapping;
  /** The variables in the environment of every process of the machine, in addition to its unit's. */
  readonly environment: Variables;
  /** The longest pause before a restart in milliseconds. */
  readonly restartMs: number;
  /** The file for the unit's output. */
  readonly logFile: string;
  /** Called after each change of state. */
  changed(): void;
  /** Called when the pause before a restart ends. */
  restartDue(): void;
}

/** systemd's own defaults: DefaultTimeoutStartSec=, DefaultTimeoutStopSec=. */
const DEFAULT_TIMEOUT = "90s";
const RELOAD_DEADLINE_MS = 90_000;

/** An end by these signals is not a failure. Source: systemd.service(5), "SuccessExitStatus=". */
const CLEAN_SIGNALS = new Set<NodeJS.Signals | null>(["SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"]);

const SUCCEEDED: StartResult = { succeeded: true, code: 0 };
const FAILED: StartResult = { succeeded: false, code: 1 };

/** The longest that a timer of Node.js can wait, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** A .service unit at work. Source of its behaviour: systemd.service(5), systemd.exec(5), systemd.kill(5). */
export class Service implements Unit {
  state: UnitState = "inactive";
  result: Unit["result"] = "success";
  invocation = "";
  #program?: GuardedProcess;
  /** The current start. */
  #starting?: Promise<StartResult>;
  #stopRequested = false;
  /** The current start has taken too long. */
  #timedOut = false;
  /** How often it was stopped. A start that waited may come too late. */
  #stops = 0;
  #once = false;
  /** Set during the pause before a restart. */
  #pause?: { readonly over: Promise<"due" | "called off">; callOff(): void };

  constructor(
    public definition: UnitDefinition,
    private readonly host: ServiceHost,
  ) {}

  get pid(): number | undefined {
    return this.#program?.pid;
  }

  async start({ once = false }: { once?: boolean } = {}): Promise<StartResult> {
    const stops = this.#stops;
    if (once) this.#pause?.callOff();
    else if (this.state === "active") return SUCCEEDED;
    // A start of a unit that is about to restart waits for the restart, as in systemd.
    else if ((await this.#pause?.over) === "called off" || stops !== this.#stops) return FAILED;
    this.#stopRequested = false;
    this.#once = once;
    this.invocation = newInvocation();
    this.#become("activating");
    this.#starting = this.#launch();
    try {
      return await this.#starting;
    } finally {
      this.#starting = undefined;
    }
  }

  async stop(): Promise<void> {
    this.#requestStop();
    if (this.#program) await this.#end(this.#program);
    await this.#starting;
    this.#rest("inactive");
  }

  async reload(): Promise<boolean> {
    if (this.state !== "active") return false;
    this.#become("reloading");
    try {
      for (const line of this.#all("ExecReload")) if (!(await this.#runBeside(line))) return false;
      return true;
    } finally {
      if (!this.#stopRequested && this.pid !== undefined) this.#become("active");
    }
  }

  signal(signal: NodeJS.Signals, whom: "process" | "group"): boolean {
    this.#program?.signal(signal, whom);
    return this.#program !== undefined;
  }

  async cut(): Promise<void> {
    this.#requestStop();
    const program = this.#program;
    program?.signal("SIGKILL", "group");
    await program?.ended;
    await this.#starting;
    this.#rest("inactive");
  }

  #requestStop(): void {
    this.#stops++;
    this.#stopRequested = true;
    this.#pause?.callOff();
  }

  async #launch(): Promise<StartResult> {
    const timeout = this.#last("TimeoutStartSec") ?? (this.#isOneshot ? "infinity" : DEFAULT_TIMEOUT);
    const limit = Math.min(parseTimeSpan(timeout), LONGEST_MS);
    this.#timedOut = false;
    const timer = setTimeout(() => this.#timeOut(timeout), limit);
    try {
      this.#makeFolders();
      const environment = this.#environment();
      for (const line of this.#all("ExecCondition")) {
        const { code } = await this.#runToEnd(line, environment);
        // This is not a failure unless the code is 255 or a signal. Source: systemd.service(5).
        if (code !== 0) return code < 255 ? this.#skip() : this.#finish(FAILED);
      }
      for (const line of this.#all("ExecStartPre")) {
        const result = await this.#runToEnd(line, environment);
        if (!result.succeeded) return this.#finish(result);
      }
      return this.#isOneshot
        ? await this.#runOneshot(environment)
        : await this.#startProgram(environment, limit);
    } catch (error) {
      this.#log(messageOf(error));
      return this.#finish(FAILED);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the start, because its condition is false. */
  #skip(): StartResult {
    this.#rest("inactive");
    return SUCCEEDED;
  }

  async #runOneshot(environment: Variables): Promise<StartResult> {
    for (const line of this.#all("ExecStart")) {
      const result = await this.#runToEnd(line, environment);
      if (!result.succeeded) return this.#finish(result);
    }
    return this.#finish(SUCCEEDED);
  }

  async #startProgram(environment: Variables, limit: number): Promise<StartResult> {
    const [line] = this.#all("ExecStart");
    if (!line) throw new UserError("The unit has no ExecStart=.");
    const words = this.#words(line, environment);
    const listeners = this.#last("Type") === "notify" ? listenersOf(words, environment) : [];
    const program = await this.#launchProgram(words, environment);
    for (const listener of listeners) {
      try {
        await untilListening(program, listener, { deadlineMs: limit });
      } catch (error) {
        if (!this.#stopRequested) this.#log(messageOf(error));
        program.signal("SIGKILL", "group");
        return this.#finish({ succeeded: false, code: exitCodeOf(await program.ended) || 1 });
      }
    }
    // A stop also ends the program.
    if (this.#stopRequested) return this.#finish({ succeeded: false, code: exitCodeOf(await program.ended) });
    this.#become("active");
    void program.ended.then((ending) => this.#mainProgramEnded(ending));
    return SUCCEEDED;
  }

  #mainProgramEnded(ending: Ending): void {
    const succeeded = ending.code === 0 || CLEAN_SIGNALS.has(ending.signal);
    if (this.#stopRequested) return;
    this.#log(`Main process exited, ${ending.signal ? `signal ${ending.signal}` : `code ${ending.code}`}`);
    this.#finish({ succeeded, code: exitCodeOf(ending) });
  }

  /** Continues after a failed start, the end of a oneshot unit, or the end of a main program. */
  #finish(result: StartResult): StartResult {
    this.#program = undefined;
    this.result = result.succeeded || this.#stopRequested ? "success" : "exit-code";
    const restart = this.#last("Restart") ?? "no";
    if (this.#stopRequested) this.#rest("inactive");
    else if (result.succeeded && this.#isOneshot && this.definition.file.isOn("Service", "RemainAfterExit")) {
      this.#become("active");
    } else if (
      !this.#once &&
      !(result.succeeded && this.#isOneshot) &&
      !this.#preventsRestart(result.code) &&
      (restart === "always" || (restart === "on-failure" && !result.succeeded))
    ) {
      this.#restartAfterPause();
    } else this.#rest(result.succeeded ? "inactive" : "failed");
    return result;
  }

  #preventsRestart(code: number): boolean {
    return this.#all("RestartPreventExitStatus").some((line) => line.split(/\s+/).includes(String(code)));
  }

  #restartAfterPause(): void {
    const wanted = parseTimeSpan(this.#last("RestartSec") ?? "100ms");
    this.#dropRuntimeFolders("restart");
    this.#pause = pause(Math.min(wanted, this.host.restartMs), () => this.host.restartDue());
    void this.#pause.over.then(() => {
      this.#pause = undefined;
    });
    this.#log("Scheduled restart");
    this.#become("activating");
  }

  /** Runs one command of a start to its end. */
  async #runToEnd(line: string, environment: Variables): Promise<StartResult> {
    const program = await this.#launchProgram(this.#words(line, environment), environment);
    const ending = await program.ended;
    this.#program = undefined;
    if (this.#stopRequested) return { succeeded: false, code: exitCodeOf(ending) };
    const succeeded = ending.code === 0 || parseCommandLine(line).mayFail;
    if (!succeeded) this.#log(`"${line}" ended with ${ending.signal ?? `code ${ending.code}`}`);
    return { succeeded, code: exitCodeOf(ending) };
  }

  async #launchProgram(words: readonly string[], environment: Variables): Promise<GuardedProcess> {
    if (this.#stopRequested) throw new UserError("Stopped while it started");
    const program = await startUnitProcess({
      words,
      environment,
      folder: this.host.mapping.path("/"),
      logFile: this.host.logFile,
      umask: this.#last("UMask") ?? "0022",
      withoutCoreDump: this.#last("LimitCORE") === "0",
    });
    this.#program = program;
    // The start ended while the program started, so no other code knows the program.
    if (this.#stopRequested || this.#timedOut) program.signal("SIGKILL", "group");
    return program;
  }

  /** Runs a command beside the main program, such as ExecReload=. */
  async #runBeside(line: string): Promise<boolean> {
    const environment: Variables = { ...this.#environment(), MAINPID: String(this.pid ?? "") };
    const [command = "", ...args] = this.#words(line, environment);
    const result = await runProgram({ command, args, env: environment, deadlineMs: RELOAD_DEADLINE_MS });
    if (result.stdout || result.stderr) appendToLog(this.host.logFile, result.stdout + result.stderr);
    return result.code === 0 || parseCommandLine(line).mayFail;
  }

  /** Sends KillSignal= to the program or to its whole group (KillMode=), and kills it after TimeoutStopSec=. */
  async #end(program: GuardedProcess): Promise<void> {
    this.#become("deactivating");
    const signal = (this.#last("KillSignal") ?? "SIGTERM") as NodeJS.Signals;
    program.signal(signal, this.#last("KillMode") === "process" ? "process" : "group");
    const patience = parseTimeSpan(this.#last("TimeoutStopSec") ?? DEFAULT_TIMEOUT);
    const late = setTimeout(() => program.signal("SIGKILL", "group"), Math.min(patience, LONGEST_MS));
    await program.ended.finally(() => clearTimeout(late));
  }

  #timeOut(limit: string): void {
    this.#timedOut = true;
    this.#log(`The start took longer than ${limit}`);
    this.#program?.signal("SIGKILL", "group");
  }

  #words(line: string, environment: Variables): string[] {
    return this.host.mapping.command(expandCommandLine(parseCommandLine(line), environment));
  }

  #environment(): Variables {
    const { mapping, environment } = this.host;
    const own = parseEnvironment(this.#all("Environment"));
    const mapped = Object.entries(own).map(([name, value]) => [name, mapping.value(value)]);
    const fromFiles = this.#all("EnvironmentFile")
      .flatMap((setting) => Object.entries(readEnvironmentFile(setting, (path) => mapping.path(path))))
      .map(([name, value]) => [name, mapping.fileValue(value)]);
    return Object.assign(
      this.#account(),
      Object.fromEntries(mapped),
      Object.fromEntries(fromFiles),
      environment,
    );
  }

  /** The variables that systemd sets for User=. The home of a user from systemd-sysusers is the root. */
  #account(): Variables {
    const user = this.#last("User");
    return user ? { USER: user, LOGNAME: user, HOME: this.host.mapping.path("/") } : {};
  }

  #makeFolders(): void {
    for (const [key, parent] of [
      ["RuntimeDirectory", "/run"],
      ["LogsDirectory", "/var/log"],
      ["StateDirectory", "/var/lib"],
    ] as const) {
      for (const folder of this.#folders(key, parent)) {
        mkdirSync(folder, { recursive: true });
        chmodSync(folder, Number.parseInt(this.#last(`${key}Mode`) ?? "0755", 8));
      }
    }
  }

  /** Ends the unit's current work. */
  #rest(state: "inactive" | "failed"): void {
    this.#program = undefined;
    this.#dropRuntimeFolders("stop");
    this.#become(state);
  }

  #dropRuntimeFolders(reason: "stop" | "restart"): void {
    const preserve = this.#last("RuntimeDirectoryPreserve") ?? "no";
    if (/^(1|yes|y|true|t|on)$/i.test(preserve) || preserve === reason) return;
    for (const folder of this.#folders("RuntimeDirectory", "/run"))
      rmSync(folder, { recursive: true, force: true });
  }

  #folders(key: string, parent: string): string[] {
    const names = this.#all(key).flatMap((line) => line.split(/\s+/));
    return names.map((name) => this.host.mapping.path(`${parent}/${name}`));
  }

  get #isOneshot(): boolean {
    return this.#last("Type") === "oneshot";
  }

  #all(key: string): readonly string[] {
    return this.definition.file.all("Service", key);
  }

  #last(key: string): string | undefined {
    return this.definition.file.last("Service", key);
  }

  #become(state: UnitState): void {
    this.state = state;
    this.host.changed();
  }

  #log(line: string): void {
    logLine(this.host.logFile, this.definition.name, line);
  }
}

/** A pause. `callOff` ends it early; otherwise it calls `due` at its end. */
function pause(
  milliseconds: number,
  due: () => void,
): { over: Promise<"due" | "called off">; callOff(): void } {
  let callOff = (): void => {};
  const over = new Promise<"due" | "called off">((resolve) => {
    const timer = setTimeout(() => {
      resolve("due");
      due();
    }, milliseconds);
    callOff = () => {
      clearTimeout(timer);
      resolve("called off");
    };
  });
  return { over, callOff };
}

/** host:port or path of each listener in the files of -config= (Vault) and -f (HAProxy). */
function listenersOf(words: readonly string[], environment: Variables): string[] {
  const files = words.flatMap((word, index) =>
    word === "-f"
      ? (words[index + 1] ?? [])
      : word.startsWith("-config=")
        ? word.slice("-config=".length)
        : [],
  );
  const found = files.flatMap((file) => [
    ...readFileSync(file, "utf8").matchAll(/^\s*(?:address\s*=|bind)\s*"([^"]+:\d+|\/[^"]+)"/gm),
  ]);
  if (found.length === 0) {
    throw new UserError("A unit of Type=notify needs a listener in the files that its command names.");
  }
  return found.map(([, listener = ""]) =>
    listener.replace(/\$\{(\w+)\}/, (_, name) => environment[name] ?? ""),
  );
}
