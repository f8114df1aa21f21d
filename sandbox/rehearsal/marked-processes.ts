import { readdirSync, readFileSync } from "node:fs";
import { waitFor } from "../../lib/processes/wait-for";

/** Kills every process with this variable in its environment (SIGKILL) and waits until all of them have ended. */
export async function killMarked(variable: string, value: string): Promise<void> {
  await waitFor(
    `the end of all processes with ${variable}`,
    () => {
      const marked = processesWith(`${variable}=${value}`);
      for (const pid of marked) kill(pid);
      return marked.length === 0;
    },
    { deadlineMs: 30_000 },
  );
}

function processesWith(setting: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(setting));
}

/** Empty for a process that has ended or belongs to someone else. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // The process has ended already.
  }
}
