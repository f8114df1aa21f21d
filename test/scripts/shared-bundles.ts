import { cpSync, mkdirSync, readdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const project = join(__dirname, "../..");

/** Of run-bundled.cjs and of the application's package. */
const cache = "node_modules/.cache/vault-on-azure";

/** Links the bundles that earlier copies of the project made. A program whose sources a test changes replaces its link with a file. */
export function linkBundles(copy: string): void {
  mkdirSync(join(copy, cache), { recursive: true });
  mkdirSync(join(project, cache), { recursive: true });
  for (const name of filesIn(join(project, cache)))
    symlinkSync(join(project, cache, name), join(copy, cache, name));
}

/** Leaves a copy's bundles to later copies. Bundling and compiling take as long as the rest of a run. */
export function keepBundles(copy: string): void {
  for (const name of filesIn(join(copy, cache))) {
    const unfinished = join(project, cache, `${name}.${process.pid}`);
    cpSync(join(copy, cache, name), unfinished);
    renameSync(unfinished, join(project, cache, name));
  }
}

/** Names of the files in a folder, without links and folders. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}
