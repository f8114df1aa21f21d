import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { engines } from "../../../package.json";
import { checkTool } from "../../../scripts/check-tools/check-tool";

// The package has no types.
const { load } = require("js-yaml") as { load: (text: string) => unknown };

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
interface Job {
  "runs-on": string;
  "timeout-minutes"?: number;
  needs?: string | string[];
  if?: string;
  environment?: string;
  outputs?: Record<string, string>;
  strategy?: { matrix: Record<string, string[]> };
  permissions?: Record<string, string>;
  steps: Step[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions?: unknown;
  concurrency?: { group: string; "cancel-in-progress": boolean };
  jobs: Record<string, Job>;
}

const project = join(__dirname, "../../..");
const folder = join(project, ".github/workflows");
const files = readdirSync(folder);
const texts = new Map(files.map((file) => [file, readFileSync(join(folder, file), "utf8")]));
const workflow = (file: string) => load(texts.get(file) ?? "") as Workflow;
const jobs = files.flatMap((file) =>
  Object.entries(workflow(file).jobs).map(([name, job]) => ({ file, name, job })),
);
const expression = (text: string) => `\${{ ${text} }}`;
const steps = jobs.flatMap(({ job }) => job.steps);

/** Each commit was looked up by its tag in the action's own repository. Look it up again when you change one. */
const reviewedActions: Record<string, string> = {
  "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
  "actions/setup-node": "820762786026740c76f36085b0efc47a31fe5020 # v7.0.0",
  "hashicorp/setup-terraform": "dfe3c3f87815947d99a8997f908cb6525fc44e9e # v4.0.1",
  "github/codeql-action/upload-sarif": "8aad20d150bbac5944a9f9d289da16a4b0d87c1e # v4.36.2",
};

describe("workflows", () => {
  it("use only reviewed actions, each pinned to a commit with its version beside it", () => {
    const used = [...texts.values()].flatMap((text) => [...text.matchAll(/uses: (\S+?)@(.+)/g)]);
    expect(used.length).toBeGreaterThan(10);
    for (const [, action = "", pin = ""] of used) {
      expect(pin).toMatch(/^[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
      expect([action, pin]).toEqual([action, reviewedActions[action]]);
    }
  });

  it("use no secret", () => {
    for (const text of texts.values()) expect(text).not.toMatch(/secrets\s*[.[]|client-secret|creds:/i);
  });

  it("start without permissions, and each job names the ones it needs", () => {
    for (const file of files) expect(workflow(file).permissions).toEqual({});
    expect(
      Object.fromEntries(jobs.map(({ file, name, job }) => [`${file} ${name}`, job.permissions])),
    ).toEqual({
      "pull-request.yml test": { contents: "read" },
      "pull-request.yml scan": { contents: "read" },
      "pull-request.yml plan": { contents: "read", "id-token": "write" },
      "main.yml test": { contents: "read" },
      "main.yml scan": { contents: "read", "security-events": "write" },
      "main.yml plan": { contents: "read", "id-token": "write" },
      "main.yml apply": { contents: "read", "id-token": "write" },
      "main.yml apply-vault-config": { contents: "read", "id-token": "write" },
      "nightly.yml drift": { contents: "read", "id-token": "write", issues: "write" },
      "nightly.yml upstream": { contents: "read", issues: "write" },
      "nightly.yml long-tests": { contents: "read" },
      "nightly.yml boot-test": { contents: "read" },
      "nightly.yml mutants": { contents: "read" },
      "nightly.yml successor": { contents: "read" },
    });
  });

  it("only call existing scripts, without outside text in the command line", () => {
    const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands.filter((command) => command !== "npm ci")) {
      expect(command).toMatch(/^(\.ci\/run|scripts\/[\w/-]+)( --?[\w-]+| [\w.-]+| "\$DEPLOY_ENVIRONMENT")*$/);
      accessSync(join(project, command.split(" ")[0] ?? ""), constants.X_OK);
    }
  });

  it("leave no token in the checkout", () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts.map((step) => step.with?.["persist-credentials"])).toEqual(checkouts.map(() => false));
  });

  it("apply only tested and planned commits, from main, after an approval each, one run at a time", () => {
    const { on, concurrency, jobs } = workflow("main.yml");
    expect(on).toEqual({
      push: { branches: ["main"] },
      workflow_dispatch: { inputs: { break_lock: { description: expect.anything(), type: "string" } } },
    });
    expect(concurrency).toEqual({ group: "deploy", "cancel-in-progress": false });
    const onMain = "vars.DEPLOY_ENVIRONMENT != '' && github.ref == 'refs/heads/main'";
    const rules = Object.entries(jobs).map(([name, job]) => [name, job.needs, job.if, job.environment]);
    const approved = expression("vars.DEPLOY_ENVIRONMENT");
    expect(rules.filter(([name]) => name !== "scan")).toEqual([
      ["test", undefined, undefined, undefined],
      ["plan", "test", onMain, undefined],
      ["apply", ["test", "plan"], onMain, approved],
      ["apply-vault-config", "apply", onMain, approved],
    ]);
    const named = files.filter((file) => texts.get(file)?.includes(`environment: ${approved}`));
    expect(named).toEqual(["main.yml"]);
  });

  it("run each job after the right jobs, with the right condition, approval and runner", () => {
    const onMain = "vars.DEPLOY_ENVIRONMENT != '' && github.ref == 'refs/heads/main'";
    const hosted = "ubuntu-24.04";
    const planner = expression("vars.PLAN_RUNNER || 'ubuntu-24.04'");
    const deployer = expression("vars.PIPELINE_RUNNER || 'ubuntu-24.04'");
    const deployed = expression("vars.DEPLOY_ENVIRONMENT");
    const table = jobs.map(({ file, name, job }) => [
      `${file} ${name}`,
      { needs: job.needs, if: job.if, environment: job.environment, on: job["runs-on"] },
    ]);
    expect(Object.fromEntries(table)).toEqual({
      "pull-request.yml test": { on: hosted },
      "pull-request.yml scan": { on: hosted },
      "pull-request.yml plan": {
        if: "vars.PLAN_ENVIRONMENT != '' && !github.event.pull_request.head.repo.fork",
        environment: expression("vars.PLAN_ENVIRONMENT"),
        on: planner,
      },
      "main.yml test": { on: hosted },
      "main.yml scan": {
        if: "(!github.event.repository.private || vars.CODE_SCANNING == 'true') && github.ref == 'refs/heads/main'",
        on: hosted,
      },
      "main.yml plan": { needs: "test", if: onMain, on: planner },
      "main.yml apply": { needs: ["test", "plan"], if: onMain, environment: deployed, on: deployer },
      "main.yml apply-vault-config": { needs: "apply", if: onMain, environment: deployed, on: deployer },
      "nightly.yml drift": { if: onMain, on: planner },
      "nightly.yml upstream": { if: "github.ref == 'refs/heads/main'", on: hosted },
      "nightly.yml long-tests": { on: hosted },
      "nightly.yml boot-test": { on: hosted },
      "nightly.yml mutants": { on: hosted },
      "nightly.yml successor": { on: hosted },
    });
  });

  it("apply only plans whose digests come from the job that a reviewer read", () => {
    const { jobs } = workflow("main.yml");
    const digests = (job: string) => jobs[job]?.steps.find(({ env }) => env?.REVIEWED_DIGESTS)?.env;
    expect(jobs.plan?.outputs).toEqual({ digests: expression("steps.plan.outputs.digests") });
    expect(digests("apply")?.REVIEWED_DIGESTS).toBe(expression("needs.plan.outputs.digests"));
    expect(jobs.apply?.outputs).toEqual({ digests: expression("steps.apply.outputs.digests") });
    expect(digests("apply-vault-config")?.REVIEWED_DIGESTS).toBe(expression("needs.apply.outputs.digests"));
  });

  it("plan and apply as different identities on different runners", () => {
    const of = (name: string) =>
      jobs
        .filter(({ job }) => JSON.stringify(job).includes(`vars.${name} `))
        .map(({ file, name }) => `${file} ${name}`);
    const planning = ["main.yml plan", "nightly.yml drift", "pull-request.yml plan"];
    const applying = ["main.yml apply", "main.yml apply-vault-config"];
    expect(of("AZURE_PLAN_CLIENT_ID")).toEqual(planning);
    expect(of("PLAN_RUNNER")).toEqual(planning);
    expect(of("AZURE_CLIENT_ID")).toEqual(applying);
    // az keeps its login in the job's own folder. The runner empties it.
    expect(of("DEPLOY_ENVIRONMENT")).toEqual(expect.arrayContaining(applying));
    expect(
      jobs.filter(({ job }) => JSON.stringify(job).includes("runner.temp }}/azure")).map(({ name }) => name),
    ).toEqual(["apply", "apply-vault-config"]);
    expect(of("PIPELINE_RUNNER")).toEqual(applying);
    expect(
      jobs.filter(({ job }) => job.permissions?.["id-token"]).map(({ file, name }) => `${file} ${name}`),
    ).toEqual(["main.yml plan", ...applying, "nightly.yml drift", "pull-request.yml plan"]);
  });

  it("run on pull requests without the rights of the target repository", () => {
    expect(Object.keys(workflow("pull-request.yml").on)).toEqual(["pull_request"]);
    expect([...texts.values()].filter((text) => text.includes("pull_request_target"))).toEqual([]);
  });

  it("test a pull request on each version of Node.js from the oldest to the version in .nvmrc", () => {
    const { test } = workflow("pull-request.yml").jobs;
    const versions = test?.strategy?.matrix.node ?? [];
    expect(test?.steps.find(({ uses }) => uses?.startsWith("actions/setup-node@"))?.with).toEqual({
      "node-version": expression("matrix.node"),
    });
    expect(versions).toEqual(["20", "22", "24"]);
    expect(engines.node).toMatch(new RegExp(`^>=${versions[0]}\\.`));
    expect(readFileSync(join(project, ".nvmrc"), "utf8").trim()).toBe(versions.at(-1));
  });

  it("have a time limit for each job", () => {
    expect(jobs.filter(({ job }) => job["timeout-minutes"] === undefined)).toEqual([]);
  });
});

describe("renovate.json", () => {
  const { packageRules, customManagers } = JSON.parse(
    readFileSync(join(project, "renovate.json"), "utf8"),
  ) as {
    packageRules: { matchPackageNames?: string[]; matchFileNames?: string[] }[];
    customManagers: { matchStrings: string[]; managerFilePatterns: string[] }[];
  };

  it("finds Terraform's version in every workflow", () => {
    const [{ matchStrings, managerFilePatterns } = { matchStrings: [], managerFilePatterns: [] }] =
      customManagers;
    const [version, file] = [
      matchStrings[0] ?? "",
      (managerFilePatterns[0] ?? "").replaceAll(/^\/|\/$/g, ""),
    ];
    for (const [name, text] of texts) {
      expect(`.github/workflows/${name}`).toMatch(new RegExp(file));
      expect(new RegExp(version).exec(text)?.groups).toEqual({ currentValue: "1.11.4" });
    }
  });

  it("has rules only for existing packages and files", () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    const packages = Object.keys({ ...dependencies, ...devDependencies });
    const start = (pattern: string) => pattern.replace(/\*+$/, "");
    for (const pattern of packageRules.flatMap(({ matchPackageNames = [] }) => matchPackageNames)) {
      expect(packages.filter((name) => name.startsWith(start(pattern)))).not.toEqual([]);
    }
    for (const pattern of packageRules.flatMap(({ matchFileNames = [] }) => matchFileNames)) {
      accessSync(join(project, start(pattern)));
    }
  });
});

describe("check tools", () => {
  it.each(["shellcheck", "actionlint"])("%s is named in npm run check's own list", (tool) => {
    expect(readFileSync(join(project, "scripts/check-scripts"), "utf8")).toContain(`there ${tool} `);
  });

  it("are searched on PATH first, then in the folder of scripts/install-check-tools", () => {
    expect(checkTool("node", { PATH: join(process.execPath, "..") })).toBe(process.execPath);
    expect(checkTool("checkov", { PATH: "", XDG_CACHE_HOME: "/nowhere" })).toBeUndefined();
  });
});
