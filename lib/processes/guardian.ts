import type { ChildProcess } from "node:child_process";
import { startGuardianShell } from "./guardian-shell";
import { UserError } from "./user-error";

/** Removes one thing after this process ends, in any way. */
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
    const shell = startGuardianShell(`read -r end; ${action}`, subject);
    await new Promise<void>((resolve, reject) => {
      shell.once("spawn", resolve);
      shell.once("error", (error) =>
        reject(new UserError(`A guardian (/bin/sh) did not start: ${error.message}`)),
      );
    });
    return new Guardian(shell);
  }

  /** Ends the guardian, because the thing is gone or must stay. */
  release(): void {
    this.shell.kill("SIGKILL");
  }
}
