import { execFileSync } from "node:child_process";
import { loadEnvironment } from "../../environments/load";
import { itTakesLong } from "../long-tests";
import { emptyCloud } from "../scripts/pipeline/cloud";
import { PipelineProject } from "../scripts/pipeline/pipeline-project";
import { pageCommands } from "./page-commands";

jest.setTimeout(180_000);
let project: PipelineProject;
beforeAll(() => {
  project = new PipelineProject(["az", "gh", "terraform"]);
});
afterAll(() => project?.remove());

/** scan.test.ts runs these with the real checkov. */
const elsewhere = ["scripts/scan"];

// The suites of test/scripts/pipeline run each of these programs, too.
itTakesLong(
  "docs/pipeline.md, its commands unchanged, from top to bottom: sets up a pipeline and deletes everything",
  async () => {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: project.folder, stdio: "pipe" });
    project.write(".gitignore", "node_modules\ncdktf.out\nbin\n");
    project.edit("production", (json) => {
      json.state.storageAccount = "stacmetfstate";
    });
    git("init", "--quiet", "--initial-branch", "main");
    git("add", "--all");
    git(
      "-c",
      "user.name=Test",
      "-c",
      "user.email=test@example.com",
      "commit",
      "--quiet",
      "--message",
      "before",
    );
    const given = emptyCloud();
    given.groups.push("rg-production-vault");
    project.cloud = given;
    const before = structuredClone(given);

    const commands = pageCommands("pipeline.md").filter(({ text }) => !elsewhere.includes(text));
    expect(commands.length).toBeGreaterThan(10);
    for (const { text, section } of commands) {
      if (section === "Moving states" && text.includes("--from")) {
        // The page says here that the block was removed.
        project.edit("production", (json) => {
          delete json.state;
        });
      }
      project.addProgram("page", `#!/usr/bin/env bash\nset -euo pipefail\n${text}\n`);
      const { status, stderr } = await project.run("bin/page");
      expect({ text, status, stderr }).toEqual({ text, status: 0, stderr: expect.anything() });
      expect(stderr).not.toMatch(/error/i);
      git("checkout", "--quiet", "environments/production.json");
    }
    const { assignments, locks, accounts, roles, groups } = project.cloud;
    const deployers = loadEnvironment("production").deployers.map(({ objectId }) => objectId);
    expect(assignments.filter(({ principal }) => !deployers.includes(principal))).toEqual([]);
    expect({ locks, accounts, roles }).toEqual({ locks: [], accounts: {}, roles: before.roles });
    expect(groups).toEqual(["rg-production-vault", "rg-terraform-state"]);
    expect(project.cloud.github.variables).not.toHaveProperty("actions/variables/DEPLOY_ENVIRONMENT");
  },
);
