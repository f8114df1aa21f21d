import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Identifies one process of one machine. A process id alone may belong to another process later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** The start time of the process, in the operating system's format. Use it only for comparison. */
  readonly started: string;
  /** The kernel's name of the PID namespace, on Linux. */
  readonly namespace?: string;
}

/** Returns the identity of a running process (default: this one), or undefined if no such process runs. */
export function identityOf(pid: number = process.pid): ProcessIdentity | undefined {
  const started = process.platform === "linux" ? startOnLinux(pid) : startFromPs(pid);
  return started === undefined ? undefined : { pid, host: hostname(), started, namespace: ownNamespace() };
}

/**
 * Returns true if exactly that process still runs. A process of another host, or of another container of this host, counts as running,
 * because this process cannot check it.
 */
export function stillRuns(identity: ProcessIdentity): boolean {
  return !isOfThisSystem(identity) || runsHere(identity);
}

/** Returns true if exactly that process runs on this host and in this container, so its id can be used. */
export function runsHere(identity: ProcessIdentity): boolean {
  return isOfThisSystem(identity) && identityOf(identity.pid)?.started === identity.started;
}

function isOfThisSystem({ host, namespace }: ProcessIdentity): boolean {
  return host === hostname() && (namespace ?? ownNamespace()) === ownNamespace();
}

/** Returns the PID namespace of this process. Its ids mean nothing in another one. Source: pid_namespaces(7). */
function ownNamespace(): string | undefined {
  return process.platform === "linux" ? readlinkSync("/proc/self/ns/pid") : undefined;
}

/**
 * Field 22 of /proc/<pid>/stat, in clock ticks since boot, with the boot's id. Zombies do not count as running.
 * Source: proc(5).
 */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the name, may contain spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function startFromPs(pid: number): string | undefined {
  try {
    const output = execFileSync("ps", ["-o", "state=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return output.startsWith("Z") ? undefined : output.split(/\s+/).slice(1).join(" ");
  } catch {
    return undefined;
  }
}
