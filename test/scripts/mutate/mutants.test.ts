import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mutants } from "../../../scripts/mutate/mutants";

const project = join(__dirname, "../../..");

describe("The mistakes of npm run mutate", () => {
  it("exist for every kind of file", () => {
    const kinds = ["environments/", "constructs/", "stacks/", "cloud-init/", "scripts/", ".github/", "app/"];
    expect(mutants.length).toBeGreaterThan(800);
    for (const kind of kinds)
      expect([kind, mutants.filter(({ file }) => file.startsWith(kind)).length > 1]).toEqual([kind, true]);
  });

  it("can be made: each text occurs once in its file, and another text replaces it", () => {
    const texts = new Map(mutants.map(({ file }) => [file, readFileSync(join(project, file), "utf8")]));
    const stale = mutants.filter(
      ({ file, find, put }) => texts.get(file)?.split(find).length !== 2 || find === put,
    );
    expect(stale.map(({ what, file }) => `${file}: ${what}`)).toEqual([]);
  });

  it("name existing tests", () => {
    const tests = new Set(mutants.flatMap(({ tests }) => tests));
    expect([...tests].filter((test) => !existsSync(join(project, `test/${test}.test.ts`)))).toEqual([]);
  });

  it("differ in their description or file", () => {
    const names = mutants.map(({ what, file }) => `${what} (${file})`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
