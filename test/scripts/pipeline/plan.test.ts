import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { emptyCloud } from "./cloud";
import { PipelineProject } from "./pipeline-project";

jest.setTimeout(120_000);

const project = new PipelineProject(["terraform", "gh"]);
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.com", ...args], {
    cwd: project.folder,
    stdio: "pipe",
  });
const change = (before: unknown, after: unknown) => ({
  format_version: "1.2",
  resource_changes: [
    {
      address: "azurerm_subnet.vault",
      mode: "managed",
      change: { actions: ["delete", "create"], before, after },
    },
  ],
});

beforeAll(() => {
  project.write(".gitignore", "node_modules\ncdktf.out\nbin\nsummary.md\n");
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "before");
});
beforeEach(() => {
  project.cloud = emptyCloud();
  project.plans = {};
  project.calls = [];
});
afterAll(() => project.remove());

describe("scripts/pipeline/plan", () => {
  it("plans with no lock and no refresh, and writes the summary where GitHub wants it", async () => {
    project.plans = { network: change({ a: 1 }, { a: 2 }) };
    const env = { GITHUB_STEP_SUMMARY: project.path("summary.md") };
    const { status, stdout } = await project.run(
      "scripts/pipeline/plan",
      ["demo", "network", "vault-config"],
      { env },
    );
    expect(status).toBe(0);
    expect(stdout).toContain("**replaced `azurerm_subnet.vault`**");
    expect(stdout).toContain("### vault-config: not planned here");
    expect(readFileSync(project.path("summary.md"), "utf8")).toBe(stdout);
    const [, plan = []] = project.calls.filter(([, , verb]) => verb !== "show");
    expect(plan).toEqual(expect.arrayContaining(["plan", "-lock=false", "-refresh=false", "-input=false"]));
    expect(project.calls.flat()).not.toContain("apply");
  });

  it("fails where a stack cannot be planned, and says why", async () => {
    project.plans = { mysql: "No access to the secret" };
    const { status, stdout } = await project.run("scripts/pipeline/plan", ["demo", "mysql"]);
    expect(status).toBe(1);
    expect(stdout).toContain("### mysql: **could not be planned**");
    expect(stdout).toContain("Terraform says: Error: No access to the secret");
  });

  it("fails where a plan cannot be shown", async () => {
    project.plans = { mysql: { "no plan": true } };
    const { status, stdout } = await project.run("scripts/pipeline/plan", ["demo", "mysql"]);
    expect(status).toBe(1);
    expect(stdout).toContain("### mysql: **could not be planned**");
  });

  it("forgives a stack that waits for another one's change", async () => {
    project.plans = { network: change({}, {}), mysql: "Unsupported attribute" };
    const { status, stdout } = await project.run("scripts/pipeline/plan", ["demo", "network", "mysql"]);
    expect(status).toBe(0);
    expect(stdout).toContain("### mysql: cannot be planned before network is applied");
  });

  it.each([
    [
      ["demo", "nothing"],
      /There is no stack nothing; choose from vm-reader-role, network|choose from vm-reader-role network/,
    ],
    [["nowhere"], /there is no file environments\/nowhere\.json/],
    [[], /Usage:/],
  ])("refuses the arguments %j", async (args, sentence) => {
    expect(await project.run("scripts/pipeline/plan", args)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(sentence),
    });
  });
});

describe("scripts/pipeline/changed-stacks", () => {
  it("names the stacks that a change of the environment reaches, in order", async () => {
    expect((await project.run("scripts/pipeline/changed-stacks", ["demo", "HEAD"])).stdout).toBe("");
    project.edit("demo", (json) => {
      json.agentVms[0].vmSize = "Standard_D4s_v5";
    });
    const { stdout, stderr } = await project.run("scripts/pipeline/changed-stacks", ["demo", "HEAD"]);
    expect({ stdout, stderr }).toEqual({ stdout: "agent-vm\n", stderr: "" });
    expect(git("worktree", "list").toString().trim().split("\n")).toHaveLength(1);
    git("checkout", "--quiet", "environments/demo.json");
  });

  it("names all where there is nothing to compare with", async () => {
    const { stdout, stderr } = await project.run("scripts/pipeline/changed-stacks", [
      "demo",
      "no-such-commit",
    ]);
    expect(stdout.trim().split("\n")).toHaveLength(7);
    expect(stderr).toMatch(/Every stack counts as changed, since no-such-commit cannot be synthesized/);
  });
});

describe("scripts/pipeline/drift", () => {
  const drift = () => project.run("scripts/pipeline/drift", ["demo"]);
  const issueCalls = () =>
    project.calls.filter(([program]) => program === "gh").map((words) => words.slice(1, 3).join(" "));

  it("opens one issue, updates it while something differs, and closes it", async () => {
    project.plans = { network: change({ a: 1 }, { a: 2 }) };
    expect((await drift()).status).toBe(0);
    expect(project.cloud.github.issue).toMatchObject({
      open: true,
      body: expect.stringContaining("azurerm_subnet.vault"),
    });
    await drift();
    project.plans = {};
    expect((await drift()).status).toBe(0);
    expect(issueCalls()).toEqual([
      "issue list",
      "issue create",
      "issue list",
      "issue edit",
      "issue list",
      "issue close",
    ]);
    expect(project.cloud.github.issue?.open).toBe(false);
    expect(project.calls.flat()).not.toContain("-refresh=false");
  });

  it("fails, besides, where a stack could not be compared", async () => {
    project.plans = { "web-app": "No rights" };
    expect((await drift()).status).toBe(1);
    expect(project.cloud.github.issue?.body).toContain("web-app: **could not be planned**");
  });
});

describe("scripts/pipeline/apply", () => {
  it("leaves vm-reader-role to a person and gives scripts/deploy the rest, in order", async () => {
    project.write("scripts/deploy", '#!/bin/sh\necho "$@"\n');
    const { stdout } = await project.run("scripts/pipeline/apply", ["demo"]);
    const stacks = ["network", "vault-server", "mysql", "web-app", "agent-vm", "vault-config"];
    expect(stdout.trim()).toBe(`demo ${stacks.map((stack) => `--stack ${stack}`).join(" ")}`);
  });
});
