import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mutants } from "../../../scripts/mutate/mutants";

const project = join(__dirname, "../../..");

describe("The mistakes of npm run mutate", () => {
  it("are there for every kind of file", () => {
    const kinds = ["environments/", "constructs/", "stacks/", "cloud-init/", "scripts/", ".github/", "app/"];
    expect(mutants.length).toBeGreaterThan(800);
    for (const kind of kinds)
      expect([kind, mutants.filter(({ file }) => file.startsWith(kind)).length > 1]).toEqual([kind, true]);
  });

  it("can be made: each text stands in its file once, and is replaced by another", () => {
    const texts = new Map(mutants.map(({ file }) => [file, readFileSync(join(project, file), "utf8")]));
    const stale = mutants.filter(
      ({ file, find, put }) => texts.get(file)?.split(find).length !== 2 || find === put,
    );
    expect(stale.map(({ what, file }) => `${file}: ${what}`)).toEqual([]);
  });

  it("are looked for by tests that are there", () => {
    const tests = new Set(mutants.flatMap(({ tests }) => tests));
    expect([...tests].filter((test) => !existsSync(join(project, `test/${test}.test.ts`)))).toEqual([]);
  });

  it("are told apart by what they do and where", () => {
    const names = mutants.map(({ what, file }) => `${what} (${file})`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
