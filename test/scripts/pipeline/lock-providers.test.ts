import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { itWithProgram } from "../../program";
import { programOnPath } from "../../program-on-path";
import { PipelineProject } from "./pipeline-project";

jest.setTimeout(300_000);

const project = new PipelineProject([]);
afterAll(() => project.remove());

/** Terraform's implicit mirror if it exists, otherwise the registry. */
const mirror = join(homedir(), ".terraform.d/plugins");
const options = existsSync(mirror) ? [`-fs-mirror=${mirror}`, "-platform=linux_amd64"] : [];

/** The reason why nothing can be locked here, or undefined. Synchronous, because Jest needs it when it collects the tests. */
function obstacle(): string | undefined {
  if (!programOnPath("terraform")) return "terraform is not on PATH. Install 1.11 or newer";
  if (options.length > 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "lock-providers-"));
  try {
    const required_providers = { random: { source: "hashicorp/random" } };
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ terraform: { required_providers } }));
    const { status } = spawnSync("terraform", ["providers", "lock"], { cwd: folder, env });
    return status === 0 ? undefined : "neither Terraform's registry nor a mirror is reachable";
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { TF_CLI_CONFIG_FILE: _, ...env } = process.env;
const reason = obstacle();
const describeHere = reason ? describe.skip : describe;

describeHere(
  `scripts/lock-providers, with the real Terraform${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    beforeAll(async () => {
      expect(await project.run("scripts/lock-providers", options)).toMatchObject({ status: 0 });
    });

    it("writes a lock file for each set of providers", () => {
      const sets = ["azurerm", "azurerm+random", "azurerm+vault"].map((set) => `${set}.lock.hcl`);
      expect(new Set(readdirSync(project.path("provider-locks")))).toEqual(new Set(sets));
      expect(project.read("provider-locks/azurerm.lock.hcl")).toMatch(/hashes = \[\s+"h1:/);
    });

    it("lets the pipeline's Terraform use these providers, and rejects one with another checksum", async () => {
      const plan = () => project.run("scripts/pipeline/plan", ["demo", "vm-reader-role"]);
      const init = () =>
        spawnSync("terraform", ["init", "-backend=false", "-lockfile=readonly", "-no-color"], {
          cwd: project.path("cdktf.out/stacks/vm-reader-role"),
          env,
          encoding: "utf8",
        });
      await project.run("scripts/pipeline/plan", ["demo", "vm-reader-role"]);
      expect(init()).toMatchObject({ status: 0, stderr: "" });
      const lock = project.read("provider-locks/azurerm.lock.hcl");
      project.write("provider-locks/azurerm.lock.hcl", lock.replaceAll(/"(h1|zh):.{8}/g, '"$1:AAAAAAAA'));
      const { status, stdout } = await plan();
      expect(status).toBe(1);
      expect(stdout).toMatch(/could not be planned.*doesn't match any of the checksums/s);
    });
  },
);

itWithProgram(
  "terraform",
  "rejects a provider with another checksum, even if an earlier run left it in the cache",
  async () => {
    // Terraform installs these without starting them.
    const home = project.path("home");
    const platform = `${process.platform}_${process.arch.replace("x64", "amd64")}`;
    for (const [name, version] of Object.entries({ azurerm: "4.81.0", random: "3.7.2", vault: "5.6.0" })) {
      const folder = join(
        home,
        ".terraform.d/plugins/registry.terraform.io/hashicorp",
        name,
        version,
        platform,
      );
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `terraform-provider-${name}_v${version}`), "#!/bin/sh\nexit 1\n", {
        mode: 0o755,
      });
    }
    const mirror = [`-fs-mirror=${join(home, ".terraform.d/plugins")}`, `-platform=${platform}`];
    expect(await project.run("scripts/lock-providers", mirror)).toMatchObject({ status: 0 });
    // The user's configuration may name another mirror.
    const env = { HOME: home, TF_CLI_CONFIG_FILE: "" };
    const plan = () => project.run("scripts/pipeline/plan", ["demo", "vm-reader-role"], { env });
    expect((await plan()).stdout).not.toContain("checksums");
    expect(readdirSync(project.path("cdktf.out/stacks/vm-reader-role/.terraform"))).toContain("providers");
    const lock = project.read("provider-locks/azurerm.lock.hcl");
    project.write("provider-locks/azurerm.lock.hcl", lock.replaceAll(/"(h1|zh):.{8}/g, '"$1:AAAAAAAA'));
    const { status, stdout } = await plan();
    expect(status).toBe(1);
    expect(stdout).toMatch(/could not be planned.*doesn't match any of the checksums/s);
  },
);

itWithProgram("terraform", "changes no lock file if Terraform cannot get the providers", async () => {
  mkdirSync(project.path("provider-locks"), { recursive: true });
  project.write("provider-locks/azurerm.lock.hcl", "# as it was");
  const run = await project.run("scripts/lock-providers", ["-fs-mirror=/nowhere"]);
  expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining("no lock file was changed") });
  expect(project.read("provider-locks/azurerm.lock.hcl")).toBe("# as it was");
});

it("locks for Linux and macOS on both kinds of processors, unless options say otherwise", async () => {
  project.write("bin/notes-arguments", '#!/bin/sh\necho "$*" >>"$TMPDIR/arguments"\nexit 1\n');
  chmodSync(project.path("bin/notes-arguments"), 0o755);
  const env = { TERRAFORM_BINARY_NAME: "notes-arguments" };
  expect(await project.run("scripts/lock-providers", [], { env })).toMatchObject({ status: 1 });
  const platforms = [...project.read("tmp/arguments").matchAll(/-platform=(\S+)/g)].map(([, name]) => name);
  expect(platforms.sort()).toEqual(["darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64"]);
});
