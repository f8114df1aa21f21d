import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Guardian } from "../../lib/processes/guardian";

/**
 * Returns the path of something that takes long to create and holds no secret of one sandbox. scripts/test.ts names the folder, in which the
 * sandboxes of one test run share it. Without that folder, this returns undefined, and each sandbox creates its own.
 *
 * @param make writes it as a file or a folder
 * @param folder another folder, if later sandboxes may use it too
 */
export async function prepared(
  name: string,
  make: (path: string) => Promise<void>,
  folder = process.env["SANDBOX_PREPARED"],
): Promise<string | undefined> {
  if (!folder) return undefined;
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const unfinished = join(folder, randomUUID());
  const guardian = await Guardian.ofFolder(unfinished);
  try {
    await make(unfinished);
    // If another process was faster, its folder stays, and a rename to it fails.
    await rename(unfinished, path).catch(() => {});
    return path;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    guardian.release();
  }
}
