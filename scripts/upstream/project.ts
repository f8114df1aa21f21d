import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { environmentNames, loadEnvironment } from "../../environments/load";
import type { Environment } from "../../environments/schema";
import type { ActionPin } from "./judges/github-action";
import type { NpmPackage } from "./judges/npm";

const project = join(__dirname, "../..");

/** A value that the project's files contain as text, and the files. */
export interface Pinned<T> {
  readonly value: T;
  readonly usedIn: readonly string[];
}

export function readProject(file: string): string {
  return readFileSync(join(project, file), "utf8");
}

/** The first match of a pattern in a file. The file must have one. */
export function textIn(file: string, pattern: RegExp): string {
  const found = pattern.exec(readProject(file))?.[1];
  if (found === undefined) throw new Error(`${file} contains nothing like ${pattern}`);
  return found;
}

function workflows(): string[] {
  return readdirSync(join(project, ".github/workflows")).map((file) => `.github/workflows/${file}`);
}

/** Returns all matches of a pattern without duplicates. */
function pinnedIn<T>(
  files: readonly string[],
  pattern: RegExp,
  read: (match: RegExpExecArray) => T,
): Pinned<T>[] {
  const found = new Map<string, { value: T; usedIn: string[] }>();
  for (const file of files) {
    for (const match of readProject(file).matchAll(pattern)) {
      const value = read(match);
      const key = JSON.stringify(value);
      const entry = found.get(key) ?? { value, usedIn: [] };
      if (!entry.usedIn.includes(file)) entry.usedIn.push(file);
      found.set(key, entry);
    }
  }
  return [...found.values()];
}

/** `uses: owner/repository@commit # tag` in the workflows. */
export function actionPins(): Pinned<ActionPin>[] {
  return pinnedIn(
    workflows(),
    /uses: (\S+)@([0-9a-f]{40}) # (v\S+)/g,
    ([, action = "", commit = "", tag = ""]) => ({
      action,
      commit,
      tag,
    }),
  );
}

/** `terraform_version: 1.11.4` in the workflows. */
export function workflowTerraforms(): Pinned<string>[] {
  return pinnedIn(workflows(), /terraform_version: (\S+)/g, ([, version = ""]) => version);
}

/** `runs-on: ubuntu-24.04` in the workflows. */
export function workflowRunners(): Pinned<string>[] {
  return pinnedIn(workflows(), /\bubuntu-(\d\d\.\d\d)\b/g, ([, version = ""]) => version);
}

/** `name==version` in the check tools' requirements. */
export function pythonPins(): Pinned<NpmPackage>[] {
  return pinnedIn(
    ["scripts/check-tools/requirements.txt"],
    /^([\w-]+)==(\S+)$/gm,
    ([, name = "", version = ""]) => ({ name, version }),
  );
}

/** The module of a `tool` line of a go.mod, with its version. */
export function goTools(): Pinned<{ path: string; version: string }>[] {
  const file = "scripts/check-tools/go.mod";
  const text = readProject(file);
  return [...text.matchAll(/^tool (\S+)$/gm)].map(([, tool = ""]) => {
    const required = [...text.matchAll(/^\t(\S+) (v\S+)/gm)].find(([, path = ""]) => tool.startsWith(path));
    if (!required?.[1] || !required[2]) throw new Error(`${file} requires no module for its tool ${tool}`);
    return { value: { path: required[1], version: required[2] }, usedIn: [file] };
  });
}

const manifest = z.object({
  engines: z.object({ node: z.string() }),
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
});

export function packageManifest() {
  return manifest.parse(JSON.parse(readProject("package.json")));
}

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({ name: z.string().optional(), version: z.string().optional(), dev: z.boolean().optional() }),
  ),
});

/** Every package that npm installs, once for each version. `dev`: only for development. */
export function lockedPackages(): (NpmPackage & { dev: boolean })[] {
  const packages = new Map<string, NpmPackage & { dev: boolean }>();
  for (const [path, entry] of Object.entries(
    lockfile.parse(JSON.parse(readProject("package-lock.json"))).packages,
  )) {
    const name = entry.name ?? path.split("node_modules/").at(-1);
    if (path === "" || !name || !entry.version) continue;
    const key = `${name}@${entry.version}`;
    const dev = (entry.dev ?? false) && (packages.get(key)?.dev ?? true);
    packages.set(key, { name, version: entry.version, dev });
  }
  return [...packages.values()];
}

/** The values in the environments, including defaults. Each value appears once, with the environments' files. */
export function inEnvironments<T>(read: (environment: Environment) => readonly T[]): Pinned<T>[] {
  const found = new Map<string, { value: T; usedIn: string[] }>();
  for (const name of environmentNames()) {
    for (const value of read(loadEnvironment(name))) {
      const entry = found.get(JSON.stringify(value)) ?? { value, usedIn: [] };
      const file = `environments/${name}.json`;
      if (!entry.usedIn.includes(file)) entry.usedIn.push(file);
      found.set(JSON.stringify(value), entry);
    }
  }
  return [...found.values()];
}
