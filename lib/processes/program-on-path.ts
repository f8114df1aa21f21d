import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * Returns the absolute path of the first of `names` that is executable on PATH, then in `alsoIn` (absolute folders).
 *
 * Skips relative folders on PATH, because their meaning depends on the current folder.
 */
export async function programOnPath(
  names: readonly string[],
  { env = process.env, alsoIn = [] }: { env?: NodeJS.ProcessEnv; alsoIn?: readonly string[] } = {},
): Promise<string | undefined> {
  const folders = [...(env.PATH ?? "").split(delimiter), ...alsoIn].filter(isAbsolute);
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (await isExecutable(path)) return path;
    }
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
