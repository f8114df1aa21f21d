import { type ChildProcess, spawn } from "node:child_process";
import { UserError } from "./user-error";

/**
 * Removes one thing after this process ends, in any way (kill -9 too): the kernel then closes the pipe to the guardian's
 * shell, and its `read` fails. group-guardian.ts kills processes the same way.
 */
export class Guardian {
  private constructor(private readonly shell: ChildProcess) {}

  /** Removes a Docker container after this process ends, if it exists. A container is not a child of this process. */
  static ofContainer(name: string): Promise<Guardian> {
    return Guardian.start('docker rm --force "$1"', name);
  }

  /**
   * Removes a folder, with its contents, after this process ends. It tries several times, because the processes that
   * other guardians kill may still write.
   */
  static ofFolder(folder: string): Promise<Guardian> {
    return Guardian.start('for try in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" && exit; done', folder);
  }

  private static async start(action: string, subject: string): Promise<Guardian> {
    const script = `trap '' HUP INT TERM QUIT; read -r end; ${action}`;
    const shell = spawn("/bin/sh", ["-c", script, "vault-on-azure-guardian", subject], {
      detached: true,
      cwd: "/",
      env: { ...process.env, PATH: `/usr/bin:/bin:${process.env.PATH ?? ""}` }, // Docker needs PATH and DOCKER_HOST
      stdio: ["pipe", "ignore", "ignore"],
    });
    await new Promise<void>((resolve, reject) => {
      shell.once("spawn", resolve);
      shell.once("error", (error) =>
        reject(new UserError(`A guardian (/bin/sh) did not start: ${error.message}`)),
      );
    });
    shell.unref();
    (shell.stdin as unknown as { unref?(): void } | null)?.unref?.();
    return new Guardian(shell);
  }

  /** Ends the guardian, because the thing is gone or must stay. */
  release(): void {
    this.shell.kill("SIGKILL");
  }
}
