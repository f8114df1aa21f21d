import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
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

/** In a fresh copy of the project, with a PATH of `dirname` and what a test adds. */
function run(script: string) {
  mkdirSync(join(folder, "scripts"));
  cpSync(join(project, "scripts", script), join(folder, "scripts", script));
  const env = { PATH: join(folder, "bin") };
  return spawnSync(join(folder, "scripts", script), [], { env, encoding: "utf8" });
}

describe.each(["deploy", "destroy", "vault-env"])("scripts/%s", (script) => {
  it("says that Node.js is missing, and which version to install", () => {
    const oldest = engines.node.replace(">=", "");
    expect(run(script)).toMatchObject({
      status: 1,
      stdout: "",
      stderr: `Node.js is not on the PATH; install ${oldest} or newer (https://nodejs.org).\n`,
    });
  });

  it("says that the packages are not installed", () => {
    symlinkSync(process.execPath, join(folder, "bin/node"));
    expect(run(script)).toMatchObject({
      status: 1,
      stdout: "",
      stderr: `The project's packages are not installed; run npm ci in ${folder}.\n`,
    });
  });
});

it("docs/deploy.md asks for the same Node.js", () => {
  const page = readFileSync(join(project, "docs/deploy.md"), "utf8");
  expect(page).toContain(`Node.js ${engines.node.replace(">=", "")} or newer`);
});
