import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkTool } from "../../../scripts/check-tools/check-tool";

// It brings no types.
const { load } = require("js-yaml") as { load: (text: string) => unknown };

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}
interface Job {
  "runs-on": string;
  "timeout-minutes"?: number;
  environment?: string;
  permissions?: Record<string, string>;
  steps: Step[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions?: unknown;
  concurrency?: { "cancel-in-progress": boolean };
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
const steps = jobs.flatMap(({ job }) => job.steps);

/** Each was looked up by its tag in the action's own repository; whoever moves one looks it up again. */
const reviewedActions: Record<string, string> = {
  "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
  "actions/setup-node": "820762786026740c76f36085b0efc47a31fe5020 # v7.0.0",
  "hashicorp/setup-terraform": "dfe3c3f87815947d99a8997f908cb6525fc44e9e # v4.0.1",
  "Azure/login": "f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca # v3.0.1",
  "github/codeql-action/upload-sarif": "8aad20d150bbac5944a9f9d289da16a4b0d87c1e # v4.36.2",
};

describe("workflows", () => {
  it("use reviewed actions only, each pinned to a commit with its version beside it", () => {
    const used = [...texts.values()].flatMap((text) => [...text.matchAll(/uses: (\S+?)@(.+)/g)]);
    expect(used.length).toBeGreaterThan(10);
    for (const [, action = "", pin = ""] of used) {
      expect(pin).toMatch(/^[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
      expect([action, pin]).toEqual([action, reviewedActions[action]]);
    }
  });

  it("know no secret", () => {
    for (const text of texts.values()) expect(text).not.toMatch(/secrets\s*[.[]|client-secret|creds:/i);
  });

  it("start with no permission, and each job names what it needs", () => {
    for (const file of files) expect(workflow(file).permissions).toEqual({});
    expect(
      Object.fromEntries(jobs.map(({ file, name, job }) => [`${file} ${name}`, job.permissions])),
    ).toEqual({
      "pull-request.yml test": { contents: "read" },
      "pull-request.yml scan": { contents: "read", "security-events": "write" },
      "pull-request.yml plan": { contents: "read", "id-token": "write" },
      "main.yml test": { contents: "read" },
      "main.yml apply": { contents: "read", "id-token": "write" },
      "nightly.yml drift": { contents: "read", "id-token": "write", issues: "write" },
      "nightly.yml upstream": { contents: "read", issues: "write" },
      "nightly.yml long-tests": { contents: "read" },
      "nightly.yml boot-test": { contents: "read" },
    });
  });

  it("only call scripts that are there, with nothing from outside in the command line", () => {
    const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands.filter((command) => command !== "npm ci")) {
      expect(command).toMatch(/^(\.ci\/run|scripts\/[\w/-]+)( --?[\w-]+| [\w.]+| "\$DEPLOY_ENVIRONMENT")*$/);
      accessSync(join(project, command.split(" ")[0] ?? ""), constants.X_OK);
    }
  });

  it("leave no token in the checkout", () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts.map((step) => step.with?.["persist-credentials"])).toEqual(checkouts.map(() => false));
  });

  it("apply behind an approval, from main, one run at a time", () => {
    const { on, concurrency, jobs } = workflow("main.yml");
    expect(on).toEqual({ push: { branches: ["main"] }, workflow_dispatch: null });
    expect(concurrency?.["cancel-in-progress"]).toBe(false);
    expect(jobs["apply"]?.environment).toBe("$" + "{{ vars.DEPLOY_ENVIRONMENT }}");
    const named = files.filter((file) => texts.get(file)?.includes("environment: $"));
    expect(named).toEqual(["main.yml"]);
  });

  it("run on pull requests without the rights of the repository they go to", () => {
    expect(Object.keys(workflow("pull-request.yml").on)).toEqual(["pull_request"]);
    expect([...texts.values()].filter((text) => text.includes("pull_request_target"))).toEqual([]);
  });

  it("end by themselves", () => {
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

  it("has rules for packages and files that are there", () => {
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

  it("are looked for on PATH first, then where scripts/install-check-tools puts them", () => {
    expect(checkTool("node", { PATH: join(process.execPath, "..") })).toBe(process.execPath);
    expect(checkTool("checkov", { PATH: "", XDG_CACHE_HOME: "/nowhere" })).toBeUndefined();
  });
});
