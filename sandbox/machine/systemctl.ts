import type { JobResult } from "./jobs";
import type { ServiceManager } from "./service-manager";

/** The output of `systemctl` and its exit code. */
export interface SystemctlResult {
  readonly code: number;
  /** On standard output for is-active and show, otherwise on standard error. */
  readonly text: string;
}

/** Source: systemctl(1), "Exit status", and translate_bus_error_to_exit_status in systemd's systemctl-util.c. */
const EXIT = { failure: 1, notRunning: 3, unknownUnit: 4, notInstalled: 5 } as const;

/** The options that the project's scripts and units use, and the commands that accept them. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "daemon-reload": [],
  disable: ["--now"],
  enable: ["--now", "--no-block"],
  "is-active": ["--quiet"],
  kill: ["--signal=", "--kill-whom=main"],
  reload: ["--no-block"],
  restart: ["--no-block"],
  show: ["--property="],
  start: ["--no-block"],
  stop: ["--no-block"],
  "try-reload-or-restart": ["--no-block"],
  "try-restart": ["--no-block"],
};

/** Runs one `systemctl` command, and waits as long as the real one does. */
export async function systemctl(manager: ServiceManager, words: readonly string[]): Promise<SystemctlResult> {
  const options = words.filter((word) => word.startsWith("-"));
  const [command = "", ...names] = words.filter((word) => !word.startsWith("-"));
  const known = COMMANDS[command];
  const strange = options.find(
    (option) => !known?.some((it) => (it.endsWith("=") ? option.startsWith(it) : option === it)),
  );
  if (!known || strange) {
    const what = known ? `${command} ${strange}` : command;
    return failure(
      `systemctl: the sandbox does not support "${what}". Add it in sandbox/machine/systemctl.ts`,
    );
  }
  const units = names.map((name) => (name.includes(".") ? name : `${name}.service`));
  if (command === "daemon-reload") {
    manager.daemonReload();
    return success;
  }
  if (units.length === 0) return failure("Too few arguments.");
  if (command === "is-active") return isActive(manager, units, options);
  if (command === "show") return show(manager, units, options);
  const missing = units.find((unit) => !manager.has(unit));
  if (missing) return unknown(command, missing);
  if (command === "kill") return kill(manager, units, options);
  if (command === "enable") {
    manager.enable(units);
    if (!options.includes("--now")) return success;
  }
  if (command === "disable") {
    manager.disable(units);
    if (!options.includes("--now")) return success;
  }
  const jobs = Object.entries(submit(manager, command, units));
  if (options.includes("--no-block")) return success;
  const outcomes = await Promise.all(jobs.map(async ([unit, job]) => sentence(command, unit, await job)));
  const text = outcomes.filter((line) => line !== "").join("\n");
  return text === "" ? success : failure(text);
}

const success: SystemctlResult = { code: 0, text: "" };
export const failure = (text: string): SystemctlResult => ({ code: EXIT.failure, text });

/** "not active": the unit to reload does not run. */
type Outcome = JobResult | "not active";

function submit(manager: ServiceManager, command: string, units: string[]): Record<string, Promise<Outcome>> {
  if (command === "start" || command === "enable") {
    const results = manager.start(units);
    return Object.fromEntries(units.map((unit, index) => [unit, results[index] ?? Promise.resolve("done")]));
  }
  return Object.fromEntries(units.map((unit) => [unit, one(manager, command, unit)]));
}

async function one(manager: ServiceManager, command: string, unit: string): Promise<Outcome> {
  const runs = !["inactive", "failed"].includes(manager.stateOf(unit));
  if (command === "stop" || command === "disable") return manager.stop(unit);
  if (command === "restart") return manager.restart(unit);
  if (command === "reload") return runs ? manager.reload(unit) : "not active";
  if (!runs) return "done";
  return command === "try-reload-or-restart" && manager.canReload(unit)
    ? manager.reload(unit)
    : manager.restart(unit);
}

function sentence(command: string, unit: string, outcome: Outcome): string {
  if (outcome === "done") return "";
  if (outcome === "not active") return `${unit} is not active, cannot reload.`;
  if (outcome === "canceled") return `Job for ${unit} canceled.`;
  if (outcome === "dependency") return `A dependency job for ${unit} failed. See its log for details.`;
  return `Job for ${unit} failed (${command}). See its log for details.`;
}

function isActive(
  manager: ServiceManager,
  units: readonly string[],
  options: readonly string[],
): SystemctlResult {
  const states = units.map((unit) => manager.stateOf(unit));
  const text = options.includes("--quiet") ? "" : states.join("\n");
  if (states.some((state) => state === "active" || state === "reloading")) return { code: 0, text };
  return { code: units.some((unit) => manager.has(unit)) ? EXIT.notRunning : EXIT.unknownUnit, text };
}

/** The requested properties. An unknown unit has the properties of a unit that never ran. */
function show(
  manager: ServiceManager,
  units: readonly string[],
  options: readonly string[],
): SystemctlResult {
  const names = options.flatMap((option) => option.slice("--property=".length).split(","));
  const all = units.map((unit) => manager.propertiesOf(unit));
  const strange = names.find((name) => all.some((properties) => properties[name] === undefined));
  if (strange) {
    return failure(
      `systemctl: the sandbox does not support the property ${strange}. Add it in sandbox/machine/service-manager.ts`,
    );
  }
  return {
    code: 0,
    text: all.map((it) => names.map((name) => `${name}=${it[name]}`).join("\n")).join("\n\n"),
  };
}

function kill(
  manager: ServiceManager,
  units: readonly string[],
  options: readonly string[],
): SystemctlResult {
  const name =
    options.find((option) => option.startsWith("--signal="))?.slice("--signal=".length) ?? "SIGTERM";
  const signal = (name.startsWith("SIG") ? name : `SIG${name}`) as NodeJS.Signals;
  const whom = options.includes("--kill-whom=main") ? "process" : "group";
  const idle = units.find((unit) => !manager.signal(unit, signal, whom));
  return idle && whom === "process"
    ? failure(`Failed to kill unit ${idle}: No main process to kill`)
    : success;
}

function unknown(command: string, unit: string): SystemctlResult {
  if (command === "enable" || command === "disable")
    return failure(`Failed to ${command} unit: Unit file ${unit} does not exist.`);
  const state = command === "stop" || command === "kill" ? "loaded" : "found";
  return { code: EXIT.notInstalled, text: `Failed to ${command} ${unit}: Unit ${unit} not ${state}.` };
}
