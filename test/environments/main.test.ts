import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProjectCopy } from "../scripts/deployment/project-copy";
import { demo } from "./files";

/** A copy of the project, whose folder of environments can contain bad ones. */
const project = new ProjectCopy();
project.copySources();
const copy = project.folder;

afterEach(() => rmSync(join(copy, "cdktf.out"), { recursive: true, force: true }));
afterAll(() => project.remove());

describe("main.ts, with an unusable environment,", () => {
  it("prints only one sentence for each mistake, exits with 1, and creates no output folder", () => {
    write("broken", { ...demo(), name: "demo", colour: "red", deployers: [] });
    expect(run("broken")).toEqual({
      status: 1,
      stdout: "",
      stderr: [
        "environments/broken.json cannot be used:",
        "  - deployers: [] is empty; name at least one person or pipeline, because only deployers can configure Vault after its first boot.",
        "  - colour: is not a field; remove it or correct its spelling (docs/environments.md lists the fields).",
        '  - name: "demo" differs from the file\'s name; write "broken", or rename the file.',
        "",
      ].join("\n"),
    });
    expect(existsSync(join(copy, "cdktf.out"))).toBe(false);
  });

  it("does not change the output of an earlier run", () => {
    writeFileSync(join(copy, "environments/cut.json"), '{ "name": "cut"');
    const earlier = join(copy, "cdktf.out");
    mkdirSync(join(earlier, "stacks"), { recursive: true });
    writeFileSync(join(earlier, "manifest.json"), "earlier");
    const { status, stdout, stderr } = run("cut");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(
      /^environments\/cut\.json cannot be used:\n {2}- \(file\): is not JSON \([^\n]+\n$/,
    );
    expect(readdirSync(earlier).sort()).toEqual(["manifest.json", "stacks"]);
    expect(readFileSync(join(earlier, "manifest.json"), "utf8")).toBe("earlier");
  });

  it("lists the environments when the selected one is missing", () => {
    expect(run("staging")).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^environments\/staging\.json cannot be used:\n {2}- ENVIRONMENT: environments\/staging\.json does not exist; choose from [a-z, ]*demo, [a-z, ]*production, or copy such a file to that name\.\n$/,
      ),
    });
    expect(existsSync(join(copy, "cdktf.out"))).toBe(false);
  });
});

describe("main.ts, with an environment that causes warnings,", () => {
  it("names the known vulnerabilities of the Vault version, and continues", () => {
    const file = demo();
    write("older", { ...file, name: "older", vault: { ...file.vault, version: "1.21.4" } });
    expect(run("older")).toEqual({
      status: 0,
      stdout: "",
      stderr: expect.stringMatching(
        /^Warning: environments\/older\.json: vault\.version: 1\.21\.4 has known vulnerabilities that a later version fixes \(CVE-2026-5807, [^)]+\); write 2\.2\.2\.\n$/,
      ),
    });
  });

  it("warns when only groups read the recovery keys, because their members cannot log in to Vault, and prints the command for an unknown checksum until the file contains it", () => {
    const file = demo();
    const group = { name: "Keepers", objectId: "33333333-3333-4333-8333-333333333333", type: "Group" };
    const unknown = { ...file.vault, version: "2.9.9" };
    write("newer", { ...file, name: "newer", recoveryKeyReaders: [group], vault: unknown });
    const { status, stdout, stderr } = run("newer");
    expect({ status, stdout, warnings: stderr.trimEnd().split("\n").sort() }).toEqual({
      status: 0,
      stdout: "",
      warnings: [
        expect.stringMatching(
          /^Warning: environments\/newer\.json: recoveryKeyReaders: only groups may read the recovery keys,/,
        ),
        "Warning: environments/newer.json: vault.sha256: the project does not know the checksum of Vault 2.9.9, so the VMs rely only on HashiCorp's signature; write the checksum that `curl -s https://releases.hashicorp.com/vault/2.9.9/vault_2.9.9_SHA256SUMS | grep linux_amd64` prints.",
      ],
    });
    const vault = { ...file.vault, version: "2.9.9", sha256: "0".repeat(64) };
    write("newer", { ...file, name: "newer", vault });
    expect(run("newer")).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});

function write(name: string, file: object): void {
  writeFileSync(join(copy, `environments/${name}.json`), JSON.stringify(file));
}

function run(environment: string) {
  // As in cdktf.json.
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/run-bundled.cjs", "main.ts"], {
    cwd: copy,
    encoding: "utf8",
    env: {
      ...process.env,
      ENVIRONMENT: environment,
      NODE_OPTIONS: "",
      CDKTF_OUTDIR: join(copy, "cdktf.out"),
    },
  });
  return { status, stdout, stderr };
}
