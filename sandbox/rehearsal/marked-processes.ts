import { readdirSync, readFileSync } from "node:fs";
import { waitFor } from "../../lib/processes/wait-for";

/** Kills every process with this variable in its environment, by SIGKILL, and waits until none is left. */
export async function killMarked(variable: string, value: string): Promise<void> {
  await waitFor(
    `the end of what runs with ${variable}`,
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

/** Empty for a process that is over, or somebody else's. */
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
    // It is over by itself.
  }
}
