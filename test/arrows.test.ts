import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const project = join(__dirname, "..");

/**
 * The allowed imports between folders, including types. docs and README explain them. A folder of the sandbox counts
 * separately, and so do scripts/deployment and the scripts that start the sandbox.
 */
const arrows: Record<string, readonly string[]> = {
  "main.ts": ["stacks", "constructs", "environments"],
  stacks: ["constructs", "cloud-init", "environments"],
  constructs: ["cloud-init", "environments", "app"],
  "cloud-init": ["app"],
  environments: ["cloud-init", "app"],
  app: [],
  lib: ["cloud-init"],
  "sandbox/programs": ["lib"],
  "sandbox/azure": ["sandbox/programs", "lib", "cloud-init"],
  "sandbox/azurerm": ["sandbox/azure", "lib", "environments"],
  "sandbox/machine": ["sandbox/programs", "lib", "cloud-init"],
  "sandbox/vault": ["sandbox/programs", "lib", "cloud-init"],
  "sandbox/mysql": ["sandbox/programs", "lib"],
  "sandbox/vault-config": ["lib"],
  "sandbox/system": [
    "sandbox/azure",
    "sandbox/azurerm",
    "sandbox/machine",
    "sandbox/vault",
    "sandbox/mysql",
    "sandbox/vault-config",
    "sandbox/programs",
    "lib",
    "main.ts",
    "environments",
    "constructs",
    "cloud-init",
  ],
  "sandbox/guest": [
    "sandbox/azure",
    "sandbox/azurerm",
    "sandbox/machine",
    "sandbox/programs",
    "lib",
    "cloud-init",
  ],
  "sandbox/rehearsal": [
    "sandbox/system",
    "sandbox/azure",
    "sandbox/azurerm",
    "sandbox/machine",
    "sandbox/vault",
    "sandbox/mysql",
    "sandbox/programs",
    "lib",
    "environments",
    "cloud-init",
  ],
  "sandbox/faults": ["sandbox/system", "sandbox/azure", "sandbox/azurerm", "sandbox/machine", "lib"],
  "scripts/deployment": [
    "scripts/plan-summary",
    "lib",
    "main.ts",
    "environments",
    "constructs",
    "cloud-init",
  ],
  "scripts/plan-summary": ["scripts"],
  scripts: [
    "scripts/deployment",
    "scripts/plan-summary",
    "app",
    "lib",
    "main.ts",
    "environments",
    "constructs",
    "cloud-init",
  ],
  "scripts that start the sandbox": [
    "scripts",
    "sandbox/system",
    "sandbox/faults",
    "sandbox/rehearsal",
    "sandbox/guest",
    "sandbox/vault",
    "sandbox/mysql",
    "lib",
    "main.ts",
    "environments",
    "constructs",
    "cloud-init",
    "app",
    "test",
  ],
};

/** test.ts also checks for a browser. */
const startTheSandbox =
  /^scripts\/(sandbox|sandbox-command|rehearse|boot-test|test-faults|test|bench|bench\/[^/]+)\.ts$/;

const importsOf: ReadonlyMap<string, readonly string[]> = new Map(
  ["main.ts", ...Object.keys(arrows).flatMap((folder) => filesIn(folder))].map((file) => [
    file,
    importedBy(file),
  ]),
);

it("finds the files and their imports", () => {
  expect(importsOf.size).toBeGreaterThan(300);
  expect(importsOf.get("main.ts")).toContain("stacks/vault-server.ts");
  expect(importsOf.get("scripts/deployment/vault-access.ts")).toContain("lib/vault-api/vault-client.ts");
});

it("imports between folders go one way", () => {
  const wrong = [...importsOf].flatMap(([file, imports]) =>
    imports
      .filter((imported) => partOf(imported) !== partOf(file))
      .filter((imported) => !arrows[partOf(file)]?.includes(partOf(imported)))
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

it("no file imports itself through others", () => {
  const inCircle = [...importsOf.keys()].filter((file) => reachable(importsOf.get(file) ?? []).has(file));
  expect(inCircle).toEqual([]);
});

it("lib contains only files that both scripts and sandbox use", () => {
  const usedBy = (folder: string) =>
    reachable([...importsOf.keys()].filter((file) => file.startsWith(`${folder}/`)));
  const [scripts, sandbox] = [usedBy("scripts"), usedBy("sandbox")];
  const unshared = filesIn("lib").filter((file) => !scripts.has(file) || !sandbox.has(file));
  expect(unshared).toEqual([]);
});

function partOf(file: string): string {
  if (startTheSandbox.test(file)) return "scripts that start the sandbox";
  const [top = "", second = ""] = file.split("/");
  return top === "sandbox" || /^scripts\/(deployment|plan-summary)\//.test(file) ? `${top}/${second}` : top;
}

/** Returns the files and everything that they import. */
function reachable(files: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...files];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    waiting.push(...(importsOf.get(file) ?? []));
  }
  return found;
}

function importedBy(file: string): string[] {
  const text = readFileSync(join(project, file), "utf8");
  return [...text.matchAll(/(?:from|import|import\()\s*"(\.{1,2}\/[^"]+)"/g)].flatMap(([, path = ""]) => {
    const imported = relative(project, join(project, dirname(file), `${path}.ts`));
    return existsSync(join(project, imported)) ? [imported] : [];
  });
}

function filesIn(folder: string): string[] {
  const path = join(project, folder);
  if (!existsSync(path) || folder.endsWith(".ts")) return [];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));
}
