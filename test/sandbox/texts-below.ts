import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Returns each file below a folder with its text as Latin-1, one after the other, because all together need much memory. Programs
 * that run meanwhile may remove some of the files.
 */
export function* textsBelow(folder: string): Generator<[path: string, text: string]> {
  for (const entry of unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* textsBelow(path);
    const text = entry.isFile() ? unlessGone(() => readFileSync(path, "latin1")) : undefined;
    if (text !== undefined) yield [path, text];
  }
}

function unlessGone<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
