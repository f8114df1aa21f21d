import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engines } from "../../../package.json";

const project = join(__dirname, "../../..");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "before-node-"));
  mkdirSync(join(folder, "bin"));
  symlinkSync("/usr/bin/dirname", join(folder, "bin/dirname"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The commands that start a TypeScript program, in scripts/ and scripts/pipeline/. */
const commands = readdirSync(join(project, "scripts"), { recursive: true, encoding: "utf8" }).filter(
  (file) => {
    const path = join(project, "scripts", file);
    return statSync(path).isFile() && /^exec .*lib\/launch" /m.test(readFileSync(path, "utf8"));
  },
);

/** Runs a command in a fresh copy of the project, with `dirname` and a test's programs on PATH. */
function run(script: string) {
  for (const file of [script, "lib/launch"])
    cpSync(join(project, "scripts", file), join(folder, "scripts", file));
  const env = { PATH: join(folder, "bin") };
  return spawnSync(join(folder, "scripts", script), [], { env, encoding: "utf8" });
}

it("finds the commands", () => {
  const known = ["deploy", "destroy", "vault-env", "create-state-store", "pipeline/plan"];
  expect(commands).toEqual(expect.arrayContaining(known));
});

describe.each(commands)("scripts/%s", (script) => {
  it("says that Node.js is missing, and which version to install", () => {
    const oldest = engines.node.replace(">=", "");
    expect(run(script)).toMatchObject({
      status: 1,
      stdout: "",
      stderr: `Node.js is not on the PATH. Install ${oldest} or newer (https://nodejs.org).\n`,
    });
  });

  it("says that the packages are not installed", () => {
    symlinkSync(process.execPath, join(folder, "bin/node"));
    expect(run(script)).toMatchObject({
      status: 1,
      stdout: "",
      stderr: `The project's packages are not installed. Run npm ci in ${folder}.\n`,
    });
  });
});

it("docs/deploy.md requires the same Node.js", () => {
  const page = readFileSync(join(project, "docs/deploy.md"), "utf8");
  expect(page).toContain(`Node.js ${engines.node.replace(">=", "")} or newer`);
});
