import { PipelineProject } from "./pipeline-project";

jest.setTimeout(60_000);

describe("scripts/pipeline/upstream", () => {
  const project = new PipelineProject(["gh"]);
  afterAll(() => project.remove());

  /** Runs the nightly job with this result of the watch. */
  const night = (code: number, report: string, env: NodeJS.ProcessEnv = {}) => {
    project.addProgram(
      "npm",
      `#!/bin/sh\n[ "$*" = "run --silent upstream -- --markdown" ] || exit 99\necho '${report}'\nexit ${code}\n`,
    );
    return project.run("scripts/pipeline/upstream", [], { env });
  };
  const issueCalls = () =>
    project.calls.filter(([program]) => program === "gh").map((words) => words.slice(1, 3).join(" "));

  it("opens one issue, updates it while a fact needs work or is unknown, and closes it", async () => {
    expect(await night(2, "a key was changed")).toMatchObject({ status: 0 });
    expect(project.cloud.github.issue).toMatchObject({
      open: true,
      body: expect.stringContaining("a key was changed"),
    });
    expect(await night(3, "a source is silent")).toMatchObject({ status: 0 });
    expect(project.cloud.github.issue?.body).toContain("a source is silent");
    expect(await night(0, "all good")).toMatchObject({ status: 0 });
    expect(project.cloud.github.issue?.open).toBe(false);
    expect(await night(0, "all good")).toMatchObject({ status: 0 });
    expect(issueCalls()).toEqual([
      "issue list",
      "issue create",
      "issue list",
      "issue edit",
      "issue list",
      "issue close",
      "issue list",
    ]);
  });

  it("fails, and leaves the issue alone, if the watch itself failed", async () => {
    project.calls = [];
    const { status, stderr } = await night(1, "");
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining("exit code 1") });
    expect(issueCalls()).toEqual([]);
  });

  it("writes the report into the job's summary", async () => {
    await night(2, "a key was changed", { GITHUB_STEP_SUMMARY: project.path("summary.md") });
    expect(project.read("summary.md")).toContain("a key was changed");
  });
});
