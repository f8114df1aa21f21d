import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linkPackages } from "../../lib/link-packages";

describe("run-bundled", () => {
  let project: string;

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "run-bundled-"));
    mkdirSync(join(project, "scripts"));
    cpSync(join(__dirname, "../../scripts/run-bundled.cjs"), join(project, "scripts/run-bundled.cjs"));
    writeFileSync(join(project, "package-lock.json"), "{}");
    linkPackages(project);
  });

  afterEach(() => rmSync(project, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    execFileSync(process.execPath, ["scripts/run-bundled.cjs", "scripts/program.ts", ...args], {
      cwd: project,
      encoding: "utf8",
    });
  const program = (text: string) =>
    writeFileSync(
      join(project, "scripts/program.ts"),
      `export const main = () => console.log("${text}", __dirname, process.argv[2]);`,
    );

  it("runs the program's current sources, even if a change keeps their length", () => {
    const scripts = join(project, "scripts");
    for (const text of ["one", "two", "two", "one"]) {
      program(text);
      expect(run("argument")).toBe(`${text} ${scripts} argument\n`);
    }
  });

  const kept = () =>
    readdirSync(join(project, "node_modules/.cache/vault-on-azure"))
      .map((name) => name.replace(/[0-9a-f]{64}/, "HASH"))
      .sort();

  it("keeps no compiled form of a run that only prints its help, because it compiles little", () => {
    program("one");
    run("--help");
    expect(kept()).toEqual(["scripts-program-ts.cjs", "scripts-program-ts.json"]);
  });

  it("keeps one bundle and one compiled form of it", () => {
    for (const text of ["one", "two", "two"]) {
      program(text);
      run();
    }
    expect(kept()).toEqual([
      "scripts-program-ts.cjs",
      "scripts-program-ts.cjs.HASH.v8",
      "scripts-program-ts.json",
    ]);
  });
});
