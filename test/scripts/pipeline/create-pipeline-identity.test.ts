import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { AzureCli } from "../../../scripts/deployment/azure-cli";
import { createPipelineIdentity } from "../../../scripts/deployment/pipeline/create-pipeline-identity";
import { GitHubCli } from "../../../scripts/deployment/pipeline/github-cli";
import { type PipelineRights, pipelineRights } from "../../../scripts/deployment/pipeline/pipeline-rights";
import { actionsOf } from "../../../scripts/deployment/preflight/azure-actions";
import { longTests } from "../../long-tests";
import { programOnPath } from "../../program-on-path";
import { sharedSystem } from "../../synthesis";
import { emptyCloud } from "./cloud";
import { ImitatedPrograms, outcomeOf } from "./imitated-programs";
import { PipelineProject } from "./pipeline-project";

jest.setTimeout(60_000);

const environments = join(__dirname, "../../../environments");
const folder = mkdtempSync(join(tmpdir(), "create-pipeline-identity-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "production.json");
const original = readFileSync(join(environments, "production.json"), "utf8");
const subscription = "/subscriptions/SUB-ID";
const system = `${subscription}/resourceGroups/rg-production-vault`;

let programs = new ImitatedPrograms();

/** A cloud with the state store and, by default, the deployed system. */
function cloud({ deployed = true } = {}) {
  const state = emptyCloud();
  if (deployed) state.groups.push("rg-production-vault");
  state.accounts.stterraformstate = {
    group: "rg-terraform-state",
    settings: "",
    versions: "",
    containers: {},
  };
  return state;
}

/** Begins with the committed environment files and the deployed system. */
function begin(): void {
  delete process.env.ARM_SUBSCRIPTION_ID;
  programs = new ImitatedPrograms();
  programs.cloud = cloud();
  for (const name of ["demo", "production", "schema"])
    cpSync(join(environments, `${name}.json`), join(folder, `${name}.json`));
}

const knownRights = new Map<string, PipelineRights>();

/** The rights that the environment's stacks need. The same environment is not synthesized twice. */
function rightsOf(environment: Environment): PipelineRights {
  const key = JSON.stringify(environment);
  const rights = knownRights.get(key) ?? pipelineRights(environment);
  knownRights.set(key, rights);
  return rights;
}

/** Runs the script in this process. */
function run({ name = "production", reviewers = ["octocat", "hubot"] } = {}) {
  return outcomeOf((say) => {
    const environment = loadEnvironment(name, folder);
    return createPipelineIdentity(
      {
        environment,
        environmentsFolder: folder,
        rights: rightsOf(environment),
        repository: "acme/vault",
        reviewers,
      },
      {
        az: new AzureCli("AzureCloud", undefined, programs.runCommand),
        gh: new GitHubCli(undefined, programs.runCommand),
        say,
      },
    );
  });
}

const changes = () =>
  programs.calls.filter((words) =>
    words.some((word) => ["create", "update", "delete", "set", "PUT", "POST"].includes(word)),
  );

/** The calls without their options. */
const commands = () =>
  programs.calls.map((words) =>
    words
      .slice(
        0,
        words.findIndex((word) => word.startsWith("--")),
      )
      .join(" "),
  );

/** Rights as `<identity> <role> <scope>`. */
function rights(): string[] {
  const { assignments, identities } = programs.cloud;
  const names = new Map(
    Object.entries(identities as Record<string, string[]>).map(([name, [, object]]) => [object, name]),
  );
  return assignments.map(
    ({ principal, role, scope }: Record<string, string>) => `${names.get(principal)}: ${role} on ${scope}`,
  );
}

describe("create-pipeline-identity, run once,", () => {
  beforeAll(async () => {
    begin();
    const { status, stderr } = await run();
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("Done.") });
  });

  it("asks az and gh to change exactly this, with every option", () => {
    const { identities } = programs.cloud;
    const ids = Object.entries(identities as Record<string, string[]>).flatMap(
      ([name, [client = "", object = ""]]) => [
        [client, `<client of ${name}>`] as const,
        [object, `<object of ${name}>`] as const,
      ],
    );
    const said = changes().map((words) => {
      const text = words
        .map((word) => (word.startsWith("{") || word.startsWith("((") ? "<see below>" : word))
        .join(" ")
        .replace(/ --only-show-errors$/, "");
      return ids.reduce((line, [id, name]) => line.replaceAll(id, name), text);
    });
    const group = "--resource-group rg-production-pipeline";
    const environment = "gh api repos/acme/vault/environments/production";
    const state = `${subscription}/resourceGroups/rg-terraform-state/providers/Microsoft.Storage/storageAccounts/stterraformstate/blobServices/default/containers/vault-production`;
    const identity = (name: string) =>
      `az identity create --name ${name} ${group} --location westeurope --output json`;
    const trust = (name: string, kind: string, subject: string) =>
      `az identity federated-credential create --identity-name ${name} ${group} --name ${kind} --issuer https://token.actions.githubusercontent.com --subject repo:acme@12/vault@34:${subject} --audiences api://AzureADTokenExchange --output none`;
    const right = (name: string, role: string, scope: string, more = "") =>
      `az role assignment create --assignee-object-id <object of ${name}> --assignee-principal-type ServicePrincipal --role ${role} --scope ${scope}${more} --output none`;
    const variable = (name: string, value: string) =>
      `gh variable set ${name} --repo acme/vault --body ${value}`;
    const [deploy, plan] = ["id-production-deploy", "id-production-plan"];
    expect(said).toEqual([
      "az group create --name rg-production-pipeline --location westeurope --output none",
      identity(deploy),
      `${environment} --silent --method PUT --input -`,
      `${environment}/deployment-branch-policies --silent --method POST --raw-field name=main`,
      `${environment}-plan --silent --method PUT --input -`,
      trust(deploy, "github-environment", "environment:production"),
      "az role definition create --role-definition <see below> --output none",
      right(deploy, "Vault Deployment (production)", subscription),
      right(
        deploy,
        "Role Based Access Control Administrator",
        subscription,
        " --condition <see below> --condition-version 2.0",
      ),
      right(deploy, "Locks Contributor", subscription),
      right(deploy, "Storage Blob Data Contributor", state),
      identity(plan),
      trust(plan, "github-environment", "environment:production-plan"),
      trust(plan, "github-main", "ref:refs/heads/main"),
      right(plan, "Reader", subscription),
      right(plan, "Storage Blob Data Reader", state),
      right(plan, "Key Vault Reader", system),
      "az role definition create --role-definition <see below> --output none",
      right(plan, "Vault Plan Refresh (production)", system),
      `${variable("AZURE_CLIENT_ID", `<client of ${deploy}>`)} --env production`,
      variable("AZURE_PLAN_CLIENT_ID", `<client of ${plan}>`),
      variable("AZURE_TENANT_ID", "TENANT-ID"),
      variable("AZURE_SUBSCRIPTION_ID", "SUB-ID"),
      variable("PLAN_ENVIRONMENT", "production-plan"),
      variable("DEPLOY_ENVIRONMENT", "production"),
    ]);
  });

  it("gives each identity exactly the rights that the stacks need", () => {
    const state = `${subscription}/resourceGroups/rg-terraform-state/providers/Microsoft.Storage/storageAccounts/stterraformstate/blobServices/default/containers/vault-production`;
    expect(rights()).toEqual([
      `id-production-deploy: Vault Deployment (production) on ${subscription}`,
      `id-production-deploy: Role Based Access Control Administrator on ${subscription}`,
      `id-production-deploy: Locks Contributor on ${subscription}`,
      `id-production-deploy: Storage Blob Data Contributor on ${state}`,
      `id-production-plan: Reader on ${subscription}`,
      `id-production-plan: Storage Blob Data Reader on ${state}`,
      `id-production-plan: Key Vault Reader on ${system}`,
      `id-production-plan: Vault Plan Refresh (production) on ${system}`,
    ]);
  });

  it("defines the two roles from the stacks' resources, without a right to grant rights", () => {
    const { roleActions } = programs.cloud;
    const providers = ["Compute", "DBforMySQL", "Insights", "KeyVault", "ManagedIdentity", "Network"];
    expect(roleActions).toEqual({
      "Vault Deployment (production)": [
        "*/read",
        "Microsoft.Resources/subscriptions/resourceGroups/*",
        ...[...providers, "OperationalInsights", "Storage", "Web"].map(
          (provider) => `Microsoft.${provider}/*`,
        ),
      ],
      "Vault Plan Refresh (production)": [
        "Microsoft.Web/sites/config/list/action",
        "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
      ],
    });
  });

  it("covers with them all rights that scripts/deploy checks for each stack but vm-reader-role", () => {
    const allowed = [
      ...(programs.cloud.roleActions["Vault Deployment (production)"] ?? []),
      // Role Based Access Control Administrator, Locks Contributor.
      "Microsoft.Authorization/roleAssignments/*",
      "Microsoft.Authorization/locks/*",
    ].map((action) => action.replace("*", ""));
    const system = [...sharedSystem(loadEnvironment("production")).values()];
    const stacks = system.filter(({ name }) => name !== "vm-reader-role");
    const types = new Set(stacks.flatMap((stack) => stack.resources().map(({ type }) => type)));
    const needed = actionsOf([...types]).map((it) => it.action);
    expect(needed.length).toBeGreaterThan(20);
    expect(needed.filter((action) => !allowed.some((start) => action.startsWith(start)))).toEqual([]);
  });

  it("lets the deploying identity assign only the stacks' roles, and to itself only the deployers' roles", () => {
    const { assignments, identities } = programs.cloud;
    const condition = assignments.find(({ role }) => role.startsWith("Role Based"))?.condition;
    const own = [
      ...["Certificates", "Crypto", "Secrets"].map((kind) => `id-of-Key-Vault-${kind}-Officer`),
      "id-of-Storage-Blob-Data-Contributor",
    ].join(", ");
    const others = [
      "id-of-Key-Vault-Crypto-Service-Encryption-User",
      "id-of-Key-Vault-Reader",
      "id-of-Key-Vault-Secrets-User",
      "id-of-Monitoring-Metrics-Publisher",
      "id-of-Storage-Blob-Data-Reader",
      "id-of-Vault-Recovery-Key-Writer-(production)",
      "id-of-Vault-Snapshot-Keeper-(production)",
      "id-of-Virtual-Machine-Reader-(production)",
    ].join(", ");
    const role = "[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals";
    expect(condition).toBe(
      `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request${role} {${own}}) OR (@Request${role} {${others}} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAllValues:GuidNotEquals {${identities["id-production-deploy"]?.[1]}})) AND ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR (@Resource${role} {${own}, ${others}}))`,
    );
  });

  it("trusts GitHub's tokens for one approved environment each, and main for reading; no pull request", () => {
    const of = (subject: string) => ({
      issuer: "https://token.actions.githubusercontent.com",
      subject: `repo:acme@12/vault@34:${subject}`,
      audiences: ["api://AzureADTokenExchange"],
    });
    expect(programs.cloud.trusts).toEqual({
      "id-production-deploy github-environment": of("environment:production"),
      "id-production-plan github-environment": of("environment:production-plan"),
      "id-production-plan github-main": of("ref:refs/heads/main"),
    });
  });

  it("protects both environments with reviewers who cannot approve their own runs, and deploys only from main", () => {
    const reviewers = [4711, 4712].map((id) => ({ type: "User", id }));
    expect(programs.cloud.github.environments).toEqual({
      production: {
        reviewers,
        preventSelfReview: true,
        policy: { protected_branches: false, custom_branch_policies: true },
        branches: [{ type: "branch", name: "main" }],
      },
      "production-plan": { reviewers, preventSelfReview: true, policy: null, branches: [] },
    });
  });

  it("protects the environments before an identity trusts them", () => {
    const order = commands().filter((command) => / federated-credential (create|update)|PUT/.test(command));
    const put = programs.calls.findLastIndex((words) => words.includes("PUT"));
    const trusted = programs.calls.findIndex((words) => words.includes("federated-credential"));
    expect(order.length).toBeGreaterThan(2);
    expect(put).toBeLessThan(trusted);
  });

  it("sets variables and no secrets", () => {
    const { github, identities } = programs.cloud;
    expect(github.variables).toEqual({
      "environments/production/actions/variables/AZURE_CLIENT_ID": identities["id-production-deploy"]?.[0],
      "actions/variables/AZURE_PLAN_CLIENT_ID": identities["id-production-plan"]?.[0],
      "actions/variables/AZURE_TENANT_ID": "TENANT-ID",
      "actions/variables/AZURE_SUBSCRIPTION_ID": "SUB-ID",
      "actions/variables/PLAN_ENVIRONMENT": "production-plan",
      "actions/variables/DEPLOY_ENVIRONMENT": "production",
    });
    const named = commands().filter((command) => /secret|password|token|credential/.test(command));
    expect(new Set(named)).toEqual(
      new Set(["list", "create"].map((verb) => `az identity federated-credential ${verb}`)),
    );
  });

  it("adds the pipeline to the environment's deployers and leaves the rest of the file unchanged", () => {
    const text = readFileSync(file, "utf8");
    const object = programs.cloud.identities["id-production-deploy"]?.[1];
    const { deployers } = loadEnvironment("production", folder);
    expect(deployers.at(-1)).toEqual({
      name: "Pipeline of acme/vault",
      objectId: object,
      type: "ServicePrincipal",
    });
    const entry = /,\s*\{[^{}]*"Pipeline of acme\/vault"[^{}]*\}/;
    expect(text.replace(entry, "")).toBe(original);
  });
});

describe("create-pipeline-identity", () => {
  beforeEach(begin);

  it("adds actions to the role when the stacks need them, and waits for Azure to list a new role", async () => {
    programs.cloud = { ...cloud(), roleDelay: 1 };
    const { status, stderr } = await run();
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining("waiting for Azure to list the role Vault Deployment (production)"),
    });
    const { roleActions } = programs.cloud;
    const complete = roleActions["Vault Deployment (production)"];
    roleActions["Vault Deployment (production)"] = ["*/read"];
    await run();
    expect(programs.cloud.roleActions["Vault Deployment (production)"]).toEqual(complete);
  });

  it("uses the repository's name if GitHub has no immutable subject for it", async () => {
    const state = cloud();
    state.github.oidc = "true ";
    programs.cloud = state;
    await run();
    expect(Object.values(programs.cloud.trusts).map(({ subject }) => subject)).toContain(
      "repo:acme/vault:environment:production",
    );
  });

  it("deletes the trust in pull requests, any other trust, and the right that earlier versions granted", async () => {
    await run();
    const { trusts, assignments, identities } = programs.cloud;
    const trusted = structuredClone(trusts);
    const plan = identities["id-production-plan"]?.[1] ?? "";
    const old = { issuer: "", subject: "repo:acme@12/vault@34:pull_request", audiences: [] };
    Object.assign(trusts, {
      "id-production-plan github-pull-request": old,
      "id-production-deploy somebody": { ...old, issuer: "https://elsewhere.example" },
      "id-of-another github-pull-request": old,
    });
    const secret = { type: "ServicePrincipal", role: "Key Vault Secrets User", condition: "" };
    assignments.push({ ...secret, id: "old", principal: plan, scope: "/kv-id/secrets/mysql-administrator" });
    assignments.push({ ...secret, id: "another", principal: "somebody", scope: "/kv-id/secrets/theirs" });
    const { status, stderr } = await run();
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining("deleted the federated credential github-pull-request"),
    });
    expect(programs.cloud.trusts).toEqual({ ...trusted, "id-of-another github-pull-request": old });
    expect(programs.cloud.assignments.filter(({ role }) => role === secret.role).map(({ id }) => id)).toEqual(
      ["another"],
    );
  });

  it("corrects a wrong issuer, audience or subject in its own trusts", async () => {
    await run();
    const trusted = structuredClone(programs.cloud.trusts);
    const { trusts } = programs.cloud;
    Object.assign(trusts["id-production-deploy github-environment"] ?? {}, {
      issuer: "https://elsewhere.example",
    });
    Object.assign(trusts["id-production-plan github-environment"] ?? {}, {
      audiences: ["api://AzureADTokenExchange", "another"],
    });
    Object.assign(trusts["id-production-plan github-main"] ?? {}, {
      subject: "repo:acme@12/vault@34:pull_request",
    });
    expect((await run()).status).toBe(0);
    expect(programs.cloud.trusts).toEqual(trusted);
  });

  it("changes nothing in a second run", async () => {
    await run();
    const before = {
      cloud: structuredClone(programs.cloud),
      file: readFileSync(file, "utf8"),
    };
    programs.calls = [];
    expect((await run()).status).toBe(0);
    expect(changes()).toEqual([]);
    expect({ cloud: programs.cloud, file: readFileSync(file, "utf8") }).toEqual(before);
  });

  it("replaces the condition when the stacks assign another role", async () => {
    await run();
    const json = JSON.parse(readFileSync(file, "utf8"));
    json.network.sshAdministrators = [{ name: "Operator", objectId: "44444444-4444-4444-8444-444444444444" }];
    writeFileSync(file, JSON.stringify(json));
    expect((await run()).status).toBe(0);
    const found = programs.cloud.assignments.filter(({ role }) => role.startsWith("Role Based"));
    expect(found).toHaveLength(1);
    expect(found[0]?.condition).toContain("id-of-Virtual-Machine-Administrator-Login");
  });

  it("says what waits for the first deployment, and grants it after that", async () => {
    programs.cloud = cloud({ deployed: false });
    expect((await run()).stderr).toContain("later: rights on rg-production-vault");
    expect(rights().filter((right) => right.includes("rg-production-vault"))).toEqual([]);
    programs.cloud = { ...programs.cloud, groups: [...programs.cloud.groups, "rg-production-vault"] };
    await run();
    expect(rights()).toContain(`id-production-plan: Key Vault Reader on ${system}`);
  });

  it.each<[string, (state: ReturnType<typeof cloud>) => void, RegExp]>([
    [
      "nobody is logged in to Azure",
      (state) => {
        state.loggedOut = true;
      },
      /Nobody is logged in to Azure/,
    ],
    [
      "nobody is logged in to GitHub",
      (state) => {
        state.github.loggedOut = true;
      },
      /not logged in to GitHub\. Run gh auth login/,
    ],
    [
      "the repository does not exist",
      (state) => {
        state.github.repository = undefined;
      },
      /repository does not exist/,
    ],
    [
      "the settings are not readable",
      (state) => {
        state.github.oidc = undefined;
      },
      /Ask for the role Admin/,
    ],
    [
      "the subject is customised",
      (state) => {
        state.github.oidc = "false ";
      },
      /customizes its OIDC subject/,
    ],
    [
      "a custom role is missing",
      (state) => {
        delete state.roles["Virtual Machine Reader (production)"];
      },
      /must deploy the stack vm-reader-role first/,
    ],
    [
      "the state store is missing",
      (state) => {
        state.accounts = {};
      },
      /Run scripts\/create-state-store production first/,
    ],
  ])("changes nothing if %s", async (_, change, sentence) => {
    const state = cloud();
    change(state);
    programs.cloud = state;
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(changes()).toEqual([]);
  });

  describe("with existing GitHub environments", () => {
    const rules = () => ({
      reviewers: [{ type: "Team", id: 1 }],
      preventSelfReview: true,
      policy: { protected_branches: false, custom_branch_policies: true } as {
        protected_branches: boolean;
        custom_branch_policies: boolean;
      } | null,
      branches: [{ type: "branch", name: "main" }],
    });
    const both = () => ({
      production: rules(),
      "production-plan": { ...rules(), policy: null, branches: [] },
    });
    const runWith = (environments: ReturnType<typeof both>) => {
      const state = cloud();
      state.github.environments = environments;
      programs.cloud = state;
      return run({ reviewers: [] });
    };

    it("accepts their correct rules, and needs no --reviewer", async () => {
      expect((await runWith(both())).status).toBe(0);
      expect(programs.cloud.github.environments).toEqual(both());
    });

    it.each<[string, (environments: ReturnType<typeof both>) => void, RegExp]>([
      [
        "deployers may approve their own runs",
        ({ production }) => Object.assign(production, { preventSelfReview: false }),
        /environment production, people can approve.+"Prevent self-review" at https:\/\/github.com\/acme\/vault\/settings/,
      ],
      [
        "planners may approve their own runs",
        (environments) => Object.assign(environments["production-plan"], { preventSelfReview: false }),
        /environment production-plan, people can approve/,
      ],
      [
        "nobody has to approve",
        (environments) => Object.assign(environments["production-plan"], { reviewers: [] }),
        /production-plan needs no approval/,
      ],
      [
        "any branch deploys",
        ({ production }) => Object.assign(production, { policy: null, branches: [] }),
        /production lets other branches than main deploy/,
      ],
      [
        "every protected branch deploys",
        ({ production }) =>
          Object.assign(production, { policy: { protected_branches: true, custom_branch_policies: false } }),
        /production lets other branches than main deploy/,
      ],
      [
        "another branch also deploys",
        ({ production }) => void production.branches.push({ type: "branch", name: "release/*" }),
        /lets other branches than main deploy \(branch main branch release/,
      ],
      [
        "a tag named main deploys",
        ({ production }) => Object.assign(production, { branches: [{ type: "tag", name: "main" }] }),
        /lets other branches than main deploy \(tag main\)/,
      ],
    ])("changes nothing if %s", async (_, change, sentence) => {
      const environments = both();
      change(environments);
      const { status, stderr } = await runWith(environments);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(sentence) });
      expect(changes()).toEqual([]);
    });
  });

  it("rejects an unknown reviewer", async () => {
    const { stderr } = await run({ reviewers: ["nobody"] });
    expect(stderr).toContain("GitHub has no user nobody");
    expect(changes()).toEqual([]);
  });

  it("reports several problems at once", async () => {
    programs.cloud = { ...cloud(), accounts: {}, roles: {} };
    const { stderr } = await run({ reviewers: [] });
    expect(stderr.match(/^ {2}- /gm)).toHaveLength(6);
    expect(stderr).toContain("Name its reviewers with --reviewer LOGIN");
  });

  it.each([
    ["identity create", "ERROR: (AuthorizationFailed) no", /Could not create the identity/],
    [
      "identity federated-credential create",
      "ERROR: (Conflict) busy",
      /let id-production-deploy trust GitHub: \(Conflict\) busy/,
    ],
    [
      "role definition create",
      "ERROR: (AuthorizationFailed) no",
      /Could not define the role Vault Deployment/,
    ],
    [
      "role assignment create",
      "ERROR: (AuthorizationFailed) no",
      /Could not assign the role Vault Deployment/,
    ],
    ["group exists", "ERROR: (Gone) no", /Could not look for the resource group/],
  ])("stops with a sentence if %s fails, and continues in the next run", async (command, error, sentence) => {
    programs.cloud = { ...cloud(), failures: { [command]: error } };
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain("Done.");
    programs.cloud = { ...programs.cloud, failures: {} };
    expect((await run()).status).toBe(0);
  });

  it.each(["identity create", "role definition create", "role assignment create"])(
    "interrupted at %s continues from there in the next run",
    async (command) => {
      programs.killedAt = command;
      const interrupted = await run();
      expect(interrupted.status).not.toBe(0);
      expect(interrupted.stderr).not.toContain("Done.");
      programs.killedAt = undefined;
      expect((await run()).stderr).toContain("Done.");
      expect(rights()).toHaveLength(8);
    },
  );

  it("stops if GitHub does not say whether an environment exists, because it must not change its rules", async () => {
    const { runCommand: answered } = programs;
    const failing: typeof answered = async (program, args, options) =>
      args[1] === "repos/acme/vault/environments/production"
        ? { code: 1, stdout: "", stderr: "gh: Server Error (HTTP 502)\n" }
        : answered(program, args, options);
    Object.assign(programs, { runCommand: failing });
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toMatch(/Could not read the GitHub environment production: gh: Server Error \(HTTP 502\)/);
    expect(changes()).toEqual([]);
  });

  it("rejects an environment that lets the signed-in user deploy from local states", async () => {
    const { status, stderr } = await run({ name: "demo" });
    expect(status).toBe(1);
    expect(stderr).toContain("which a pipeline cannot reach");
    expect(stderr).toContain('lists "signed-in-user" as a deployer');
  });
});

describe("scripts/create-pipeline-identity, as a person runs it,", () => {
  const project = new PipelineProject();
  afterAll(() => project.remove());
  beforeEach(() => {
    project.cloud = cloud();
    project.calls = [];
  });
  const script = (args: string[], options = {}) =>
    project.run("scripts/create-pipeline-identity", args, options);
  const args = ["production", "--repository", "acme/vault", "--reviewer", "octocat", "--reviewer", "hubot"];

  it("ends at Ctrl-C, and continues from there in the next run", async () => {
    const interrupted = await script(args, { interruptAt: "identity create" });
    expect(interrupted).toMatchObject({ status: 130, stdout: "" });
    expect(interrupted.stderr).not.toContain("Done.");
    expect(await script(args)).toMatchObject({
      status: 0,
      stdout: "",
      stderr: expect.stringContaining("Done."),
    });
    expect(project.cloud.assignments).toHaveLength(8);
    expect(project.cloud.github.environments.production?.reviewers).toHaveLength(2);
    expect(project.read("environments/production.json")).toContain("Pipeline of acme/vault");
  });

  it("names every missing program", async () => {
    const bin = project.path("bare");
    mkdirSync(bin);
    for (const name of ["node", "dirname"]) symlinkSync(programOnPath(name) ?? "", join(bin, name));
    const { status, stderr } = await script(args, { env: { PATH: bin } });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr:
        "Nothing was changed:\n" +
        "  - az is not on PATH. Install it: https://learn.microsoft.com/cli/azure/install-azure-cli\n" +
        "  - gh is not on PATH. Install it: https://cli.github.com\n",
    });
  });

  const mistakes = [[[]], [["production", "--repository", "acme"]]];
  const more = [[["production"]], [["production", "--what"]]];
  it.each([...mistakes, ...(longTests ? more : [])])("rejects the arguments %j", async (wrong) => {
    expect(await script(wrong)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/Usage|OWNER\/NAME/),
    });
    expect(project.calls).toEqual([]);
  });
});

it("docs/pipeline.md lists every right that the script grants", async () => {
  begin();
  expect((await run()).status).toBe(0);
  const page = readFileSync(join(__dirname, "../../../docs/pipeline.md"), "utf8");
  const roles = programs.cloud.assignments.map(({ role }) => role.replace("(production)", "(<environment>)"));
  expect(roles).toHaveLength(8);
  expect(roles.filter((role) => !page.includes(`| ${role} |`))).toEqual([]);
});
