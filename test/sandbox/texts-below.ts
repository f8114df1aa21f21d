import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Returns the text of each file below a folder, by path, as Latin-1. Programs that run meanwhile may remove some of the files. */
export function textsBelow(folder: string): Map<string, string> {
  const entries = unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return new Map(
    entries.flatMap((entry): [string, string][] => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return [...textsBelow(path)];
      const text = entry.isFile() ? unlessGone(() => readFileSync(path, "latin1")) : undefined;
      return text === undefined ? [] : [[path, text]];
    }),
  );
}

function unlessGone<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
