import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ProcessIdentity, runsHere } from "../../lib/processes/process-identity";
import { codeOf } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";

/** Kills the running processes of the <log>.process files in a folder, with their groups. */
export async function killLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch((error) => {
    if (codeOf(error) === "ENOENT") return []; // the folder is gone, with its content
    throw error;
  });
  for (const name of names.filter((it) => it.endsWith(".process"))) {
    const file = join(folder, name);
    const identity = parseIdentity(await readFile(file, "utf8").catch(() => ""));
    if (identity && runsHere(identity)) {
      killGroup(identity.pid);
      await waitFor(`process ${identity.pid}, left by a sandbox, to end`, () => !runsHere(identity), {
        deadlineMs: 10_000,
      });
    }
    await rm(file, { force: true });
  }
}

/** Kills a program's own process group. */
function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error; // it ended just now
  }
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined; // a crash cut the file short
  }
}
