import { type ChildProcess, spawn } from "node:child_process";
import { UserError } from "./user-error";

/**
 * Reads lines from its standard input, which the sandbox holds open. When the sandbox ends in any way (kill -9 too),
 * the kernel closes the pipe and `read` fails. Then the guardian kills the registered process groups and removes the
 * registered folders. It is plain sh, so it works on Linux and macOS without root. It has its own session, so Ctrl-C
 * does not reach it.
 */
const GUARDIAN = `
trap '' HUP INT TERM QUIT
groups=' ' containers=' '
while IFS=' ' read -r order value; do
  case $order in
    guard) groups="$groups$value " ;;
    release)
      rest=' '
      for group in $groups; do [ "$group" = "$value" ] || rest="$rest$group "; done
      groups=$rest ;;
    container) containers="$containers$value " ;;
    remove) set -- "$@" "$value" ;;
    keep)
      count=$#
      while [ "$count" -gt 0 ]; do
        [ "$1" = "$value" ] || set -- "$@" "$1"
        shift
        count=$((count - 1))
      done ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
for container in $containers; do docker rm --force "$container" >/dev/null 2>&1; done
for folder in "$@"; do rm -rf -- "$folder" || rm -rf -- "$folder"; done
`;

/** Kills process groups and removes folders after this process ends. One per process, started at first use. */
class ProcessGuardian {
  private shell?: ChildProcess;
  private readonly groups = new Set<number>();
  private readonly folders = new Set<string>();
  private readonly containers = new Set<string>();

  /** Registers a process group to kill after this process ends. Resolves when the order is in the guardian's pipe. */
  async guard(group: number): Promise<void> {
    this.groups.add(group);
    await this.order(`guard ${group}`);
  }

  /** Unregisters a group that has ended. */
  async release(group: number): Promise<void> {
    this.groups.delete(group);
    await this.order(`release ${group}`);
  }

  /**
   * Registers a Docker container to remove after this process ends, if it exists. A container is not a child of this
   * process.
   */
  async removeContainerWhenGone(name: string): Promise<void> {
    this.containers.add(name);
    await this.order(`container ${name}`);
  }

  /** Registers a folder to remove, with its contents, after this process ends. */
  async removeWhenGone(folder: string): Promise<void> {
    if (/[\n\r]|^ | $/.test(folder))
      throw new UserError(
        `The folder name ${JSON.stringify(folder)} contains a character that the guardian cannot read. Choose another folder.`,
      );
    this.folders.add(folder);
    await this.order(`remove ${folder}`);
  }

  /** Unregisters a folder that is gone or that must stay. */
  async keep(folder: string): Promise<void> {
    this.folders.delete(folder);
    await this.order(`keep ${folder}`);
  }

  private async order(line: string): Promise<void> {
    // If someone killed the guardian, a new one takes over. It receives all registrations, including this order's
    // result.
    const fresh = !this.shell || this.shell.exitCode !== null || this.shell.signalCode !== null;
    if (fresh) this.shell = this.start();
    const lines = fresh
      ? [
          ...[...this.groups].map((group) => `guard ${group}`),
          ...[...this.folders].map((folder) => `remove ${folder}`),
          ...[...this.containers].map((name) => `container ${name}`),
        ]
      : [line];
    if (lines.length > 0) await this.write(`${lines.join("\n")}\n`);
  }

  private start(): ChildProcess {
    const shell = spawn("/bin/sh", ["-c", GUARDIAN, "vault-on-azure-guardian"], {
      detached: true,
      cwd: "/",
      env: { ...process.env, PATH: `/usr/bin:/bin:${process.env.PATH ?? ""}` }, // Docker needs PATH and DOCKER_HOST
      stdio: ["pipe", "ignore", "ignore"],
    });
    shell.on("error", () => {});
    shell.stdin?.on("error", () => {});
    shell.unref();
    (shell.stdin as unknown as { unref?(): void } | null)?.unref?.();
    return shell;
  }

  private write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.shell?.stdin?.write(text, (error) =>
        error
          ? reject(
              new UserError(`The guardian of the sandbox's processes (/bin/sh) is gone: ${error.message}`),
            )
          : resolve(),
      );
    });
  }
}

export const processGuardian = new ProcessGuardian();
