import type { ChildProcess } from "node:child_process";
import { startGuardianShell } from "./guardian-shell";
import { UserError } from "./user-error";

/** Remembers the groups of the lines on its input. Kills what is left when the input ends. */
const SCRIPT = `groups=
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
 * Kills a process group after this process ends, in any way. One shell guards all groups, because starting a process from a
 * large one is expensive.
 *
 * @throws UserError when the shell does not start
 */
export async function guardGroup(group: number): Promise<void> {
  groups.add(group);
  shell ??= startShell();
  // It gets all groups, because it may replace a shell that somebody killed.
  await tell(shell, "guard", groups);
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
  const started = startGuardianShell(SCRIPT);
  const forget = () => {
    if (shell === started) shell = undefined;
  };
  started.once("error", forget).once("exit", forget);
  started.stdin?.on("error", () => {}); // the write's own callback reports it
  return started;
}

/** Resolves when the kernel has the lines, so that the shell reads them even if this process ends at once. */
function tell({ stdin }: ChildProcess, word: "guard" | "release", whom: Iterable<number>): Promise<void> {
  return new Promise((resolve, reject) => {
    const written = (error?: Error | null): void => {
      if (!error) resolve();
      else {
        const reason = `The guardian of the sandbox's processes (/bin/sh) did not start: ${error.message}`;
        reject(new UserError(reason));
      }
    };
    if (stdin) stdin.write([...whom].map((each) => `${word} ${each}\n`).join(""), written);
    else written(new Error("too many open files"));
  });
}
