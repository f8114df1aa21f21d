import { join } from "node:path";
import { FileLock } from "../../lib/processes/file-lock";
import { UserError } from "../../lib/processes/user-error";
import { projectFolder } from "./stack-folder";

/** Runs work that uses `cdktf.out`. Only one run at a time can use it. @throws {UserError} if another run uses it. */
export async function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const lock = new FileLock(join(projectFolder, "node_modules/.cache/vault-on-azure/deployment-lock"));
  const held = await lock.tryAcquire();
  if (!("release" in held)) {
    throw new UserError(
      `Another deployment runs from this folder (process ${held.pid} on ${held.host}). Wait for it, or use another copy of the project.`,
    );
  }
  try {
    return await work();
  } finally {
    await held.release();
  }
}
