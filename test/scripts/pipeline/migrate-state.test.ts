import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { longTests } from "../../long-tests";
import { itTakesLongWithProgram, itWithProgram } from "../../program";
import { programOnPath } from "../../program-on-path";
import { PipelineProject } from "./pipeline-project";

jest.setTimeout(120_000);

const project = new PipelineProject([]);
afterAll(() => project.remove());

const state = (lineage: string, serial: number) =>
  JSON.stringify({
    version: 4,
    terraform_version: "1.11.4",
    serial,
    lineage,
    outputs: { address: { value: "kept", type: "string" } },
    resources: [
      {
        mode: "managed",
        type: "terraform_data",
        name: "one",
        provider: 'provider["terraform.io/builtin/terraform"]',
        instances: [],
      },
    ],
    check_results: null,
  });
const destination = (stack: string) => project.path(`state/demo/${stack}.tfstate`);
const from = (folder: string) =>
  project.run("scripts/migrate-state", ["demo", "--from", `local:${project.path(folder)}`]);
beforeEach(() => {
  const folders = ["tmp", "old", "former", "other", "newer", "state/demo", "cdktf.out"].map((name) =>
    project.path(name),
  );
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  for (const folder of folders) mkdirSync(folder, { recursive: true });
});
// No copy of a state may remain, because nobody would protect it.
afterEach(() => expect(readdirSync(project.path("tmp"))).toEqual([]));

describe("migrate-state, with the real Terraform from folder to folder", () => {
  itWithProgram(
    "terraform",
    "moves each stack's state completely, keeps the old one, and moves nothing twice",
    async () => {
      project.write("old/network.tfstate", state("11111111-aaaa-4aaa-8aaa-111111111111", 5));
      project.write("old/mysql.tfstate", state("22222222-aaaa-4aaa-8aaa-222222222222", 3));
      const first = await from("old");
      expect({ ...first, stderr: "" }).toEqual({ status: 0, stdout: "", stderr: "" });
      expect(first.stderr).toContain("vm-reader-role: no state to move\nnetwork: moved 1 resources\n");
      for (const stack of ["network", "mysql"]) {
        const { lineage, resources, outputs } = JSON.parse(project.read(`old/${stack}.tfstate`));
        expect(JSON.parse(readFileSync(destination(stack), "utf8"))).toMatchObject({
          lineage,
          outputs,
          resources: [{ name: resources[0].name }],
        });
      }
      const second = await from("old");
      expect(second.status).toBe(0);
      expect(second.stderr).toContain("network: already moved (1 resources)");
    },
  );

  itTakesLongWithProgram(
    "terraform",
    "lets Terraform use the new place in the folder where it knew the old one",
    async () => {
      const folder = project.path("cdktf.out/stacks/agent-vm");
      mkdirSync(folder, { recursive: true });
      project.write("former/agent-vm.tfstate", state("44444444-aaaa-4aaa-8aaa-444444444444", 2));
      const work = (path: string) => {
        const backend = { local: { path } };
        writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ terraform: { backend } }));
        const { TF_CLI_CONFIG_FILE, ...env } = process.env;
        const { status, stdout } = spawnSync("terraform", ["init", "-input=false"], { cwd: folder, env });
        return status === 0 && String(stdout).includes("Successfully configured the backend");
      };
      expect(work(project.path("former/agent-vm.tfstate"))).toBe(true);
      expect(work(destination("agent-vm"))).toBe(false);
      expect((await from("former")).status).toBe(0);
      expect(work(destination("agent-vm"))).toBe(true);
    },
  );

  itWithProgram(
    "terraform",
    "never overwrites another state, nor mistakes an older copy for a moved one",
    async () => {
      writeFileSync(destination("network"), state("11111111-aaaa-4aaa-8aaa-111111111111", 5));
      project.write("other/network.tfstate", state("33333333-aaaa-4aaa-8aaa-333333333333", 9));
      const other = await from("other");
      expect(other.status).toBe(1);
      expect(other.stderr).toMatch(/network: the new place holds another state/);
      project.write("newer/network.tfstate", state("11111111-aaaa-4aaa-8aaa-111111111111", 99));
      const newer = await from("newer");
      expect(newer.status).toBe(1);
      expect(newer.stderr).toMatch(/network: the new place holds an older copy/);
      expect(JSON.parse(readFileSync(destination("network"), "utf8")).lineage).toMatch(/^1111/);
    },
  );

  itWithProgram(
    "terraform",
    "finishes the move of a stack at Ctrl-C, and continues in the next run",
    async () => {
      for (const stack of ["network", "mysql"])
        project.write(`old/${stack}.tfstate`, state("55555555-aaaa-4aaa-8aaa-555555555555", 4));
      // Presses Ctrl-C in the middle of the first move.
      project.addProgram(
        "terraform",
        `#!/usr/bin/env bash
set -euo pipefail
case " $* " in *" -migrate-state "*) ;; *) exec ${programOnPath("terraform")} "$@" ;; esac
script=$(ps -o pgid= "$PPID" | tr -d ' ')
kill -INT -- "-$script"
exec ${programOnPath("terraform")} "$@"
`,
      );
      const interrupted = await from("old");
      rmSync(project.path("bin/terraform"));
      expect(interrupted).toMatchObject({ status: 130, stdout: "" });
      expect(interrupted.stderr).toContain("waiting for Terraform to finish the move of network");
      expect(readdirSync(project.path("state/demo"))).toEqual(["network.tfstate"]);
      const { status, stderr } = await from("old");
      expect(status).toBe(0);
      expect(stderr).toContain("network: already moved (1 resources)\n");
      expect(stderr).toContain("mysql: moved 1 resources\n");
    },
  );

  const mistakes: [args: string[], sentence: RegExp][] = [
    [["demo"], /already keeps its state there/],
    [["demo", "--from", "some/where"], /some\/where is not a place for states/],
  ];
  const more: typeof mistakes = [
    [["nowhere"], /environments\/nowhere\.json does not exist/],
    [[], /Usage:/],
    [["demo", "--from"], /Usage:/],
  ];
  it.each([...mistakes, ...(longTests ? more : [])])("rejects the arguments %j", async (args, sentence) => {
    const { status, stderr } = await project.run("scripts/migrate-state", args, { env: {} });
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
  });
});
