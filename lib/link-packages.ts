import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const packages = join(__dirname, "../node_modules");

/**
 * Links this project's packages into a copy of the project, except node_modules/.cache, which belongs to one copy.
 */
export function linkPackages(folder: string): void {
  mkdirSync(join(folder, "node_modules"));
  for (const name of readdirSync(packages).filter((one) => one !== ".cache"))
    symlinkSync(join(packages, name), join(folder, "node_modules", name));
}
