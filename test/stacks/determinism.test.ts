import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { linkPackages } from "../../lib/link-packages";

const project = join(__dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "determinism-"));
const sources = [
  "app",
  "cloud-init",
  "constructs",
  "environments",
  "stacks",
  "main.ts",
  "tsconfig.json",
  "package.json",
  "package-lock.json",
  "scripts/run-bundled.cjs",
  "scripts/lib/no-archiver.ts",
];

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Copies the sources to another path, with the same packages and without caches of earlier syntheses. */
function copyOfProject(from: string, ...folders: string[]): string {
  const copy = join(folder, ...folders);
  mkdirSync(copy, { recursive: true });
  for (const part of sources) cpSync(join(from, part), join(copy, part), { recursive: true });
  linkPackages(copy);
  return copy;
}

/** Returns every file of a synthesis, by its path. */
function synthesize(
  root: string,
  cwd: string,
  name: string,
  variables: NodeJS.ProcessEnv,
): Map<string, Buffer> {
  const output = join(folder, name);
  const { CDKTF_OUTDIR: _, ...environment } = process.env;
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, "scripts/run-bundled.cjs"), join(root, "main.ts")],
    {
      cwd,
      env: { ...environment, ENVIRONMENT: "production", ...variables, CDKTF_OUTDIR: output },
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(`main.ts ended with ${status}: ${stderr}`);
  const files = readdirSync(output, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files
      .map(({ parentPath, name: file }) => join(parentPath, file))
      .sort()
      .map((path) => [relative(output, path), readFileSync(path)]),
  );
}

describe("synthesis", () => {
  it("writes the same bytes at another path, from another folder, in another time zone and language", () => {
    const first = copyOfProject(project, "here");
    const second = copyOfProject(first, "another path", "with more folders");
    const here = synthesize(first, first, "one", { TZ: "America/Los_Angeles", LC_ALL: "C" });
    const there = synthesize(second, folder, "two", { TZ: "Asia/Tokyo", LC_ALL: "tr_TR.UTF-8" });
    expect([...here.keys()]).toEqual(
      expect.arrayContaining(["manifest.json", join("stacks", "web-app", "assets", "app.zip")]),
    );
    expect([...there.keys()]).toEqual([...here.keys()]);
    const differing = [...here]
      .filter(([path, content]) => !there.get(path)?.equals(content))
      .map(([path]) => path);
    expect(differing).toEqual([]);
  }, 60_000);
});
