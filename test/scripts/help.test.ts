import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scripts } from "../../package.json";
import { longTests } from "../long-tests";

jest.setTimeout(120_000);
const project = join(__dirname, "../..");

/** The programs that a person runs: all executables in scripts/, and the project's npm scripts. */
const programs = [
  ...readdirSync(join(project, "scripts"))
    .map((name) => `scripts/${name}`)
    .filter((path) => statSync(join(project, path)).isFile() && isExecutable(join(project, path)))
    .map((path) => ({ name: path, command: [join(project, path)], file: launchedBy(path) })),
  ...Object.entries(scripts)
    // This leaves out Biome's and Stryker's own commands, and checks without options.
    .filter(([name]) => !["check", "format", "mutate:typescript"].includes(name))
    .map(([name, command]) => ({
      name: `npm run ${name}`,
      // As npm starts it.
      command: ["sh", "-c", `${command} "$@"`, "sh"],
      file: /^exec node (?:scripts\/run-bundled\.cjs|--require tsx\/cjs) (\S+\.ts)$/.exec(command)?.[1],
    })),
];

/** One program of each way to start TypeScript. No other suite starts these. */
const ofEachKind = ["scripts/scan", "npm run cost", "npm run bench"];

/** A start takes as long as all programs together in one process. Only in the long form do these have their own, too. */
const inOneProcess = programs.filter(({ name, file }) => file !== undefined && !ofEachKind.includes(name));
const withOwnProcess = longTests ? programs : programs.filter((program) => !inOneProcess.includes(program));

it("finds them", () => {
  const names = programs.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(["scripts/deploy", "scripts/scan", "npm run sandbox", ...ofEachKind]),
  );
});

describe("--help", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "help-test-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const run = (program: string, args: readonly string[]) =>
    spawnSync(program, args, {
      cwd: project,
      encoding: "utf8",
      env: { ...process.env, HOME: home, XDG_CACHE_HOME: home },
    });

  it.each(withOwnProcess)("of $name prints the usage and does nothing", ({ name, command }) => {
    const [program = "", ...args] = command;
    const { status, stdout, stderr } = run(program, [...args, "--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(name.replace(/^npm run test$/, "npm test"));
    expect(readdirSync(home)).toEqual([]);
  });

  it("of each other program, one after the other, prints the usage and does nothing", () => {
    const files = inOneProcess.map(({ file = "" }) => join(project, file));
    const { status, stdout, stderr } = run(process.execPath, [
      ...["--require", "tsx/cjs", join(__dirname, "help-of-all.cjs"), ...files],
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual(
      inOneProcess.map(({ name }) => ({
        status: 0,
        stdout: expect.stringContaining(name.replace(/^npm run test$/, "npm test")),
        stderr: "",
      })),
    );
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

/** The TypeScript program that a script of two lines starts. Undefined for another script. */
function launchedBy(path: string): string | undefined {
  const text = readFileSync(join(project, path), "utf8");
  const [, file] =
    /^#!.*\n(?:#.*\n)*exec "\$\(dirname -- "\$0"\)\/lib\/launch" (\S+) "\$@"\n$/.exec(text) ?? [];
  return file && `scripts/${file}`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
