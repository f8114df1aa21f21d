import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scripts } from "../../package.json";

jest.setTimeout(60_000);
const project = join(__dirname, "../..");

/** The programs that a person runs: all executables in scripts/, and the project's npm scripts. */
const programs = [
  ...readdirSync(join(project, "scripts"))
    .map((name) => `scripts/${name}`)
    .filter((path) => statSync(join(project, path)).isFile() && isExecutable(join(project, path)))
    .map((path) => ({ name: path, command: [join(project, path)] })),
  ...Object.entries(scripts)
    // This leaves out Biome's and Stryker's own commands, and checks without options.
    .filter(([name]) => !["check", "format", "mutate:typescript"].includes(name))
    .map(([name, command]) => ({ name: `npm run ${name}`, command: command.split(" ") })),
];

it("finds them", () => {
  const names = programs.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["scripts/deploy", "scripts/scan", "npm run sandbox"]));
});

describe("--help", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "help-test-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it.each(programs)("of $name prints the usage and does nothing", ({ name, command }) => {
    const [program = "", ...args] = command;
    const { status, stdout, stderr } = spawnSync(program, [...args, "--help"], {
      cwd: project,
      encoding: "utf8",
      env: { ...process.env, HOME: home, XDG_CACHE_HOME: home },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(name.replace(/^npm run test$/, "npm test"));
    expect(readdirSync(home)).toEqual([]);
  });
});

it("--help after -- is a word of another program", () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      "scripts/run-bundled.cjs",
      "scripts/sandbox.ts",
      "shell",
      "webapp",
      "--folder",
      tmpdir(),
      "--",
      "vault",
      "--help",
    ],
    { cwd: project, encoding: "utf8" },
  );
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^No sandbox runs in /) });
});

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
