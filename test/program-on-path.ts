import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * Returns the path of the first executable with this name in PATH's folders, then in more folders, or undefined if
 * there is none.
 */
export function programOnPath(name: string, moreFolders: readonly string[] = []): string | undefined {
  return [...(process.env["PATH"] ?? "").split(delimiter), ...moreFolders]
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
