import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvironmentError } from "../../environments/environment-error";
import { loadEnvironment } from "../../environments/load";

/** An environment file in the form that a person writes. A change can make it wrong in every way. */
// biome-ignore lint/suspicious/noExplicitAny: mistakes have no type
export type EnvironmentFile = any;

const shipped = join(__dirname, "../../environments");

export function demo(): EnvironmentFile {
  return JSON.parse(readFileSync(join(shipped, "demo.json"), "utf8"));
}

/** Sets the value at a path, in missing objects too. Returns the file. */
export function setAt(
  file: EnvironmentFile,
  path: readonly (string | number)[],
  value: unknown,
): EnvironmentFile {
  let inner = file;
  for (const step of path.slice(0, -1)) {
    inner[step] ??= {};
    inner = inner[step];
  }
  inner[path.at(-1) ?? ""] = value;
  return file;
}

/** Returns the messages for a rejected file, or none for an accepted one. */
export function sentencesFor(file: EnvironmentFile | Uint8Array | string, name = "demo"): readonly string[] {
  return withFile(file, name, (folder) => {
    try {
      loadEnvironment(name, folder);
      return [];
    } catch (error) {
      if (error instanceof EnvironmentError) return error.problems;
      throw error;
    }
  });
}

/** Runs a function with a folder that contains one environment: an object, a file's text or its bytes. */
export function withFile<Result>(
  file: EnvironmentFile | Uint8Array | string,
  name: string,
  use: (folder: string) => Result,
): Result {
  const folder = mkdtempSync(join(tmpdir(), "environment-"));
  try {
    const text = typeof file === "string" || file instanceof Uint8Array ? file : JSON.stringify(file);
    writeFileSync(join(folder, `${name}.json`), text);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
