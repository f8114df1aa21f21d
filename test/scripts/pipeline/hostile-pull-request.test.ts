import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { trustedSubjects } from "../../../scripts/deployment/pipeline/trusted-subjects";

// The package has no types.
const { load } = require("js-yaml") as { load: (text: string) => unknown };

/*
 * A pull request from an attacker. The attacker may write in the repository, so the branch contains anything: every file that a
 * workflow runs, and the workflows themselves. These tests show what GitHub gives a job under the rules that the attacker cannot
 * change: the workflows of main, the rules of the environments, and the trusts that scripts/create-pipeline-identity creates.
 */
interface Job {
  "runs-on": string;
  if?: string;
  environment?: string;
  permissions?: Record<string, string>;
}
interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

const project = join(__dirname, "../../..");
const folder = join(project, ".github/workflows");
const expression = (text: string) => `\${{ ${text} }}`;
const theirs = readdirSync(folder).flatMap((file) => {
  const { on, jobs, permissions } = load(readFileSync(join(folder, file), "utf8")) as Workflow;
  const events = ["pull_request", "pull_request_target", "issue_comment", "workflow_run", "merge_group"];
  if (!events.some((event) => event in on)) return [];
  return Object.entries(jobs).map(([name, job]) => ({
    name,
    job,
    permissions: job.permissions ?? permissions ?? {},
  }));
});
const unapproved = theirs.filter(({ job }) => job.environment === undefined);
const approved = theirs.filter(({ job }) => job.environment !== undefined);

describe("a hostile pull request", () => {
  it("runs somewhere: some jobs need no approval, and one does", () => {
    expect(unapproved.map(({ name }) => name)).toEqual(["test", "scan"]);
    expect(approved.map(({ name }) => name)).toEqual(["plan"]);
  });

  it("reads the sources without an approval, and nothing else", () => {
    for (const { permissions } of unapproved) expect(permissions).toEqual({ contents: "read" });
  });

  it("writes nothing in the repository, not even a finding of code scanning, with or without an approval", () => {
    const written = theirs.flatMap(({ permissions }) =>
      Object.entries(permissions).filter(([name, right]) => right !== "read" && name !== "id-token"),
    );
    expect(written).toEqual([]);
  });

  it("reaches only GitHub's own runners, which end with the job, before an approval", () => {
    for (const { job } of unapproved) expect(job["runs-on"]).toBe("ubuntu-24.04");
  });

  it("reaches the plan's runner after an approval, never the runner that deploys", () => {
    for (const { job } of approved)
      expect(job["runs-on"]).toBe(expression("vars.PLAN_RUNNER || 'ubuntu-24.04'"));
    expect(JSON.stringify(theirs)).not.toContain("PIPELINE_RUNNER");
    const main = load(readFileSync(join(folder, "main.yml"), "utf8")) as Workflow;
    const nightly = load(readFileSync(join(folder, "nightly.yml"), "utf8")) as Workflow;
    const onDeployRunner = [main, nightly].flatMap(({ jobs }) =>
      Object.entries(jobs).filter(([, job]) => job["runs-on"].includes("PIPELINE_RUNNER")),
    );
    for (const [, job] of onDeployRunner) {
      expect(job.environment).toBe(expression("vars.DEPLOY_ENVIRONMENT"));
      expect(job.if).toContain("github.ref == 'refs/heads/main'");
    }
  });

  it("requests its own tokens from GitHub, and none of them opens Azure", () => {
    // GitHub writes these subjects into the tokens of jobs without an approval: by event, and by any ref but main.
    const subject = "repo:acme/vault";
    const attempts = [
      `${subject}:pull_request`,
      `${subject}:ref:refs/heads/hostile`,
      `${subject}:ref:refs/heads/main2`,
      `${subject}:ref:refs/tags/main`,
      `${subject}:ref:refs/pull/7/merge`,
      `${subject}:environment:anything`,
      `${subject}:environment:production-plan2`,
    ];
    const { deploy, plan } = trustedSubjects(subject, "production");
    const trusted = [...Object.values(deploy), ...Object.values(plan)];
    expect(trusted.sort()).toEqual([
      `${subject}:environment:production`,
      `${subject}:environment:production-plan`,
      `${subject}:ref:refs/heads/main`,
    ]);
    expect(attempts.filter((one) => trusted.includes(one))).toEqual([]);
  });

  it("runs its own code with the plan's identity only after another person's approval", () => {
    for (const { permissions, job } of theirs) {
      expect([job.environment, "id-token" in permissions]).toEqual(
        job.environment === undefined ? [undefined, false] : [expression("vars.PLAN_ENVIRONMENT"), true],
      );
      // If the variable were empty, the job would have no environment and no approval.
      if (job.environment) expect(job.if).toContain("vars.PLAN_ENVIRONMENT != ''");
    }
  });

  it("cannot run an install script after a merge either, through a package that it adds", () => {
    expect(readFileSync(join(project, ".npmrc"), "utf8")).toMatch(/^ignore-scripts=true$/m);
  });
});
