import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ProjectCopy } from "../../../scripts/mutate/project-copy";
import { itTakesLong } from "../../long-tests";

jest.setTimeout(60_000); // each try starts Jest

const files = {
  ".gitignore": "node_modules\n",
  "package.json": "{}",
  "sum.js": "exports.sum = (a, b) => a + b;\nexports.name = 'sum';\n",
  "test/sum.test.ts": `const { sum } = require("../sum"); it("adds", () => expect(sum(1, 2)).toBe(3));`,
  "test/snapshot.test.ts": `const { name } = require("../sum"); it("has a name", () => expect(name).toMatchInlineSnapshot('"sum"'));`,
  "test/many.test.ts": `const { sum } = require("../sum");
    it("loads", () => {});
    it("adds", () => expect(sum(1, 2)).toBe(3));
    it("adds more", () => expect(sum(2, 2)).toBe(4));`,
  "test/skipped.test.ts": `it.skip("nothing", () => {});`,
};

describe("A copy of a project", () => {
  let project: string;
  let copy: ProjectCopy;

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), "mutated-"));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(project, path)), { recursive: true });
      writeFileSync(join(project, path), text);
    }
    symlinkSync(join(__dirname, "../../../node_modules"), join(project, "node_modules"));
    execFileSync("git", ["-C", project, "init", "--quiet"]);
    copy = await ProjectCopy.make(project);
  });
  afterAll(() => {
    copy?.remove();
    rmSync(project, { recursive: true, force: true });
  });

  const mutant = (find: string, put: string, test: string) => ({
    what: "",
    file: "sum.js",
    find,
    put,
    tests: [test],
  });

  it("names the assertion that catches a mistake, and leaves the project and itself unchanged", async () => {
    expect(await copy.try(mutant("a + b", "a - b", "sum"))).toEqual({ result: "killed", by: "adds" });
    expect(readFileSync(join(project, "sum.js"), "utf8")).toBe(files["sum.js"]);
    expect(await copy.test(["sum"])).toEqual({ result: "survived", by: "" });
  });

  itTakesLong("ends a file at its first failure, which is enough", async () => {
    const report = () => JSON.parse(readFileSync(join(copy.folder, "jest-report.json"), "utf8"));
    expect(await copy.try(mutant("a + b", "a - b", "many"))).toEqual({ result: "killed", by: "adds" });
    expect(report()).toMatchObject({ numPassedTests: 1, numFailedTests: 1, numPendingTests: 1 });
    expect(await copy.test(["many"])).toEqual({ result: "survived", by: "" });
    expect(report()).toMatchObject({ numPassedTests: 3 });
  });

  it("ignores snapshots: a mistake that only a snapshot catches survives", async () => {
    expect(await copy.try(mutant("'sum'", "'product'", "snapshot"))).toEqual({ result: "survived", by: "" });
  });

  it("recognizes a mistake that prevents a file from loading", async () => {
    expect(await copy.try(mutant("=> a + b", "=>", "sum"))).toMatchObject({ result: "crashed" });
  });

  it("counts neither a skipped test nor a missing text as a success", async () => {
    expect(await copy.try(mutant("a + b", "a - b", "skipped"))).toEqual({
      result: "not run",
      by: "no test ran",
    });
    expect(await copy.try(mutant("a * b", "a - b", "sum"))).toMatchObject({ result: "not run" });
  });
});
