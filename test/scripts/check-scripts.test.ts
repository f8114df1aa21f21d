import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkTool } from "../../scripts/check-tools/check-tool";
import { itTakesLong } from "../long-tests";
import { describeUnless } from "../sandbox/programs-there";

const project = join(__dirname, "../..");
const missing = ["shellcheck", "actionlint"].filter((program) => !checkTool(program));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "check-scripts-"));
  for (const name of [".ci", ".github", "cloud-init", "sandbox", "scripts"]) {
    cpSync(join(project, name), join(folder, name), { recursive: true });
  }
  // actionlint looks for workflows from here.
  spawnSync("git", ["init", "--quiet"], { cwd: folder });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(join(folder, "scripts/check-scripts"), {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, said: stdout + stderr };
}

describeUnless(
  missing.length > 0 ? `${missing.join(" and ")} missing. Run scripts/install-check-tools.` : undefined,
  "scripts/check-scripts",
  () => {
    // `npm run check` does this, too.
    itTakesLong("finds nothing in the project", () => {
      expect(run()).toEqual({ status: 0, said: "" });
    });

    it("finds an unquoted variable in each kind of script, and a mistake in a workflow", () => {
      const kinds = [
        "scripts/lib/launch",
        ".ci/run",
        // On a VM: a program, and a file that programs source.
        "cloud-init/vault-server/files/usr/local/sbin/vault-first-boot",
        "cloud-init/common/files/usr/local/lib/vault-vm/http.sh",
      ];
      for (const file of kinds) appendFileSync(join(folder, file), "rm -r $1\n");
      appendFileSync(join(folder, ".github/workflows/main.yml"), "  another:\n    runs-on: nowhere-99\n");
      const { status, said } = run();
      expect(status).toBe(1);
      for (const file of kinds) expect(said).toMatch(new RegExp(`In ${file} line[^]*SC2086`));
      expect(said).toContain(".github/workflows/main.yml");
    });
  },
);

describe("scripts/check-scripts without its programs", () => {
  /** Has only the system's own programs. */
  const withoutPrograms = (env: NodeJS.ProcessEnv) => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    for (const program of ["bash", "dirname", "find", "awk", "xargs"]) {
      symlinkSync(checkTool(program) ?? "", join(bin, program));
    }
    return run({ PATH: bin, XDG_CACHE_HOME: "/nowhere", ...env });
  };

  it("says which are missing and how to install them, and continues", () => {
    expect(withoutPrograms({ CI: "" })).toEqual({
      status: 0,
      said:
        "shellcheck is not installed, so shell scripts are not checked. Run scripts/install-check-tools.\n" +
        "actionlint is not installed, so workflows are not checked. Run scripts/install-check-tools.\n",
    });
  });

  it("fails in CI", () => {
    expect(withoutPrograms({ CI: "true" }).status).toBe(1);
  });
});
