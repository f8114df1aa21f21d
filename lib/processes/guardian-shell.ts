import { type ChildProcess, spawn } from "node:child_process";

/**
 * Starts a shell whose script cleans up after this process ends, in any way (kill -9 too): the kernel then closes the pipe to
 * the shell, and its `read` fails. It is plain sh, so it works on Linux and macOS without root. It has its own session, so
 * Ctrl-C does not reach it. This process may end without waiting for it.
 */
export function startGuardianShell(script: string, ...subjects: readonly string[]): ChildProcess {
  const shell = spawn(
    "/bin/sh",
    ["-c", `trap '' HUP INT TERM QUIT\n${script}`, "vault-on-azure-guardian", ...subjects],
    {
      detached: true,
      cwd: "/",
      env: { ...process.env, PATH: `/usr/bin:/bin:${process.env.PATH ?? ""}` }, // Docker needs PATH and DOCKER_HOST
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  shell.unref();
  (shell.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return shell;
}
