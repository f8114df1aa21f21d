import "./in-this-process";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { planDigest } from "../../../scripts/plan-summary/plan-digest";
import type { Plan } from "../../../scripts/plan-summary/plan-json";
import { itTakesLong, longTests } from "../../long-tests";
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
  project.write(".gitignore", "node_modules\ncdktf.out\nbin\ntmp\nsummary.md\n");
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "before");
});
beforeEach(() => {
  project.cloud = emptyCloud();
  project.plans = {};
  project.calls = [];
});
// A plan contains the state's values, so no copy may stay on the runner.
afterEach(() => expect(readdirSync(project.path("tmp"))).toEqual([]));
afterAll(() => project.remove());

describe("scripts/pipeline/plan", () => {
  it("plans without a lock and a refresh, and writes the summary where GitHub expects it", async () => {
    project.plans = { network: change({ a: 1 }, { a: 2 }) };
    const env = { GITHUB_STEP_SUMMARY: project.path("summary.md") };
    const { status, stdout } = await project.start(
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

  it("fails if a stack cannot be planned, says why, and opens no secret: the planned Terraform contains none", async () => {
    project.plans = { mysql: "No access to the secret" };
    const { status, stdout } = await project.run("scripts/pipeline/plan", ["demo", "mysql"]);
    expect(status).toBe(1);
    expect(stdout).toContain("### mysql: **could not be planned**");
    expect(stdout).toContain("Terraform says: Error: No access to the secret");
    expect(project.read("cdktf.out/stacks/mysql/cdk.tf.json")).not.toContain(
      "ephemeral.azurerm_key_vault_secret",
    );
  });

  itTakesLong("fails if a plan cannot be shown", async () => {
    project.plans = { mysql: { "no plan": true } };
    const { status, stdout } = await project.run("scripts/pipeline/plan", ["demo", "mysql"]);
    expect(status).toBe(1);
    expect(stdout).toContain("### mysql: **could not be planned**");
  });

  it("accepts a stack that waits for another stack's change", async () => {
    project.plans = { network: change({}, {}), mysql: "Unsupported attribute" };
    const { status, stdout } = await project.run("scripts/pipeline/plan", ["demo", "network", "mysql"]);
    expect(status).toBe(0);
    expect(stdout).toContain("### mysql: cannot be planned before network is applied");
  });

  it("does not excuse a failure with a stack that does not change", async () => {
    project.plans = { mysql: "No access" };
    const { status, stdout } = await project.run("scripts/pipeline/plan", ["demo", "network", "mysql"]);
    expect(status).toBe(1);
    expect(stdout).toContain("### mysql: **could not be planned**");
  });

  it("refreshes every resource but secrets, whose values it cannot read, and plans secrets from the state", async () => {
    await project.run("scripts/pipeline/plan", ["--refresh", "demo", "network", "mysql"]);
    const plans = project.calls
      .filter(([, , verb]) => verb === "plan")
      .map((words) => ({
        stack: words[1]?.split("/").at(-1),
        refresh: !words.includes("-refresh=false"),
        targets: words.flatMap((word) => (word.startsWith("-target=") ? [word.replace("-target=", "")] : [])),
      }));
    const types = plans.map(({ targets }) => new Set(targets.map((target) => target.split(".")[0])));
    expect(plans.map(({ stack, refresh }) => [stack, refresh])).toEqual([
      ["network", true],
      ["mysql", true],
      ["mysql", false],
    ]);
    expect(types[0]).toEqual(new Set());
    expect(types[1]).toContain("azurerm_mysql_flexible_server");
    expect(types[1]).not.toContain("azurerm_key_vault_secret");
    expect(types[2]).toEqual(new Set(["azurerm_key_vault_secret"]));
  });

  it("uses only committed providers, and reports if none are committed", async () => {
    const inits = () => project.calls.filter(([, , verb]) => verb === "init");
    const unpinned = await project.start("scripts/pipeline/plan", ["demo", "network"]);
    expect(unpinned.stdout).toContain("providers are not pinned");
    mkdirSync(project.path("provider-locks"));
    project.write("provider-locks/azurerm.lock.hcl", "# of the test");
    project.calls = [];
    const pinned = await project.start("scripts/pipeline/plan", ["demo", "vm-reader-role"]);
    rmSync(project.path("provider-locks"), { recursive: true });
    expect(pinned.stdout).not.toContain("not pinned");
    expect(inits()[0]).toContain("-lockfile=readonly");
    expect(project.read("cdktf.out/stacks/vm-reader-role/.terraform.lock.hcl")).toBe("# of the test");
  });

  it("gives a review the digest of each plan, but not of a stack that waits for another", async () => {
    project.plans = { network: change({ a: 1 }, { a: 2 }), mysql: "Unsupported attribute" };
    project.write("output.txt", "");
    const { status, stdout } = await project.run(
      "scripts/pipeline/plan",
      ["--review", "demo", "network", "mysql", "agent-vm"],
      { env: { GITHUB_OUTPUT: project.path("output.txt") } },
    );
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringContaining("### mysql: cannot be planned before network is applied"),
    });
    const [, json = ""] = /^digests=(\{.*\})\n$/.exec(project.read("output.txt")) ?? [];
    expect(JSON.parse(json)).toEqual({
      network: planDigest(change({ a: 1 }, { a: 2 }) as Plan),
      "agent-vm": planDigest({ format_version: "1.2" }),
    });
  });

  const mistakes: [args: string[], sentence: RegExp][] = [
    [["demo", "nothing"], /The environment has no stack "nothing"\. Choose from vm-reader-role, network/],
  ];
  const more: typeof mistakes = [
    [["nowhere"], /environments\/nowhere\.json does not exist/],
    [[], /Usage:/],
  ];
  it.each([...mistakes, ...(longTests ? more : [])])("rejects the arguments %j", async (args, sentence) => {
    expect(await project.run("scripts/pipeline/plan", args)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(sentence),
    });
  });
});

describe("scripts/pipeline/changed-stacks", () => {
  it("names the stacks that a change of the environment affects, in order", async () => {
    project.edit("demo", (json) => {
      json.agentVms[0].vmSize = "Standard_D4s_v5";
    });
    const { stdout, stderr } = await project.start("scripts/pipeline/changed-stacks", ["demo", "HEAD"]);
    expect({ stdout, stderr }).toEqual({ stdout: "agent-vm\n", stderr: "" });
    expect(git("worktree", "list").toString().trim().split("\n")).toHaveLength(1);
    git("checkout", "--quiet", "environments/demo.json");
  });

  itTakesLong("names none if nothing changes", async () => {
    expect((await project.start("scripts/pipeline/changed-stacks", ["demo", "HEAD"])).stdout).toBe("");
  });

  it("names all stacks if it has nothing to compare with", async () => {
    const { stdout, stderr } = await project.start("scripts/pipeline/changed-stacks", [
      "demo",
      "no-such-commit",
    ]);
    expect(stdout.trim().split("\n")).toHaveLength(7);
    expect(stderr).toMatch(/Every stack counts as changed, because no-such-commit cannot be synthesized/);
  });
});

describe("scripts/pipeline/drift", () => {
  const drift = ["scripts/pipeline/drift", ["demo"]] as const;
  const issueCalls = () =>
    project.calls.filter(([program]) => program === "gh").map((words) => words.slice(1, 3).join(" "));

  it("opens one issue, updates it while something differs, and closes it", async () => {
    project.plans = { network: change({ a: 1 }, { a: 2 }) };
    expect((await project.start(...drift)).status).toBe(0);
    expect(project.cloud.github.issue).toMatchObject({
      open: true,
      body: expect.stringContaining("azurerm_subnet.vault"),
    });
    await project.run(...drift);
    project.plans = {};
    expect((await project.run(...drift)).status).toBe(0);
    expect(issueCalls()).toEqual([
      "issue list",
      "issue create",
      "issue list",
      "issue edit",
      "issue list",
      "issue close",
    ]);
    expect(project.cloud.github.issue?.open).toBe(false);
    const withoutRefresh = project.calls.filter((words) => words.includes("-refresh=false")).flat();
    expect(withoutRefresh.filter((word) => word.startsWith("-target=")).join()).toMatch(
      /^(-target=azurerm_key_vault_secret\.\w+,?)+$/,
    );
  });

  it("also fails if it could not compare a stack", async () => {
    project.plans = { "web-app": "No rights" };
    expect((await project.run(...drift)).status).toBe(1);
    expect(project.cloud.github.issue?.body).toContain("web-app: **could not be planned**");
  });
});
