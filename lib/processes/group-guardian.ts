import { type ChildProcess, spawn } from "node:child_process";
import { UserError } from "./user-error";

/** Remembers the groups of the lines on its input. Kills what is left when the input ends. */
const SCRIPT = `trap '' HUP INT TERM QUIT
groups=
while read -r word group; do
  kept=
  for each in $groups; do [ "$each" = "$group" ] || kept="$kept $each"; done
  groups=$kept
  [ "$word" = release ] || groups="$groups $group"
done
for group in $groups; do kill -s KILL -- "-$group"; done`;

const groups = new Set<number>();
let shell: ChildProcess | undefined;

/**
 * Kills a process group after this process ends, in any way (kill -9 too): the kernel then closes the pipe to the
 * guardian's shell. One shell guards all groups, because starting a process from a large one is expensive. It is plain sh,
 * so it works on Linux and macOS without root. It has its own session, so Ctrl-C does not reach it.
 *
 * @throws UserError when the shell does not start
 */
export async function guardGroup(group: number): Promise<void> {
  groups.add(group);
  const present = shell;
  shell ??= startShell();
  // A shell that somebody killed knew the other groups, too.
  await tell(shell, "guard", present ? [group] : [...groups]);
}

/** Ends the guarding of a group, because it is gone. */
export function releaseGroup(group: number): void {
  groups.delete(group);
  if (groups.size > 0) {
    if (shell) void tell(shell, "release", [group]).catch(() => {}); // a shell that was killed guards nothing
    return;
  }
  shell?.kill("SIGKILL");
  shell = undefined;
}

function startShell(): ChildProcess {
  const started = spawn("/bin/sh", ["-c", SCRIPT, "vault-on-azure-guardian"], {
    detached: true,
    cwd: "/",
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
  });
  const forget = () => {
    if (shell === started) shell = undefined;
  };
  started.once("error", forget).once("exit", forget);
  started.unref();
  started.stdin?.on("error", () => {}); // the write's own callback reports it
  (started.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return started;
}

/** Resolves when the kernel has the lines, so that the shell reads them even if this process ends at once. */
function tell({ stdin }: ChildProcess, word: "guard" | "release", whom: readonly number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const written = (error?: Error | null): void => {
      if (!error) resolve();
      else {
        const reason = `The guardian of the sandbox's processes (/bin/sh) did not start: ${error.message}`;
        reject(new UserError(reason));
      }
    };
    if (stdin) stdin.write(whom.map((each) => `${word} ${each}\n`).join(""), written);
    else written(new Error("too many open files"));
  });
}
