import { type ChildProcess, spawn } from "node:child_process";
import { UserError } from "./user-error";

/**
 * Reads lines from its standard input, which the sandbox holds open. When the sandbox ends, however it ends (kill -9
 * too), the kernel closes the pipe, `read` fails, and the guardian kills the process groups and removes the folders it was
 * told of. Plain sh, so that it works on Linux and macOS, without root; in a session of its own, so that no Ctrl-C
 * reaches it.
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

/** Kills process groups and removes folders when this process is gone. One per process, started when first needed. */
class ProcessGuardian {
  private shell?: ChildProcess;
  private readonly groups = new Set<number>();
  private readonly folders = new Set<string>();
  private readonly containers = new Set<string>();

  /** Kill this process group when this process is gone. Resolves when the guardian's pipe has the order. */
  async guard(group: number): Promise<void> {
    this.groups.add(group);
    await this.order(`guard ${group}`);
  }

  /** The group has ended. */
  async release(group: number): Promise<void> {
    this.groups.delete(group);
    await this.order(`release ${group}`);
  }

  /** Remove this Docker container when this process is gone, if it is there: it is no child of this process. */
  async removeContainerWhenGone(name: string): Promise<void> {
    this.containers.add(name);
    await this.order(`container ${name}`);
  }

  /** Remove this folder, with all in it, when this process is gone. */
  async removeWhenGone(folder: string): Promise<void> {
    if (/[\n\r]|^ | $/.test(folder))
      throw new UserError(`The folder name ${JSON.stringify(folder)} is too odd.`);
    this.folders.add(folder);
    await this.order(`remove ${folder}`);
  }

  /** The folder is gone, or stays. */
  async keep(folder: string): Promise<void> {
    this.folders.delete(folder);
    await this.order(`keep ${folder}`);
  }

  private async order(line: string): Promise<void> {
    // A guardian that somebody killed is replaced; the new one is told everything, this order's outcome included.
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
      env: { ...process.env, PATH: `/usr/bin:/bin:${process.env.PATH ?? ""}` }, // docker's PATH and DOCKER_HOST
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
