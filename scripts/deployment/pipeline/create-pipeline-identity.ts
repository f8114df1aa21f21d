import { join } from "node:path";
import { z } from "zod";
import { resourceName } from "../../../constructs/azure/resource-names";
import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { UserError } from "../../../lib/processes/user-error";
import { AzureCli } from "../azure-cli";
import { DeploymentProblems } from "../deployment-problems";
import { projectFolder } from "../project";
import { readArgumentsOf, runScript, say } from "../run-script";
import { addDeployer } from "./add-deployer";
import { assignmentCondition } from "./assignment-condition";
import { AzureSetup, type Say } from "./azure-setup";
import { containerScope, type StatePlace } from "./create-state-store";
import { ensureCustomRole, roleId } from "./custom-role";
import { GitHubCli } from "./github-cli";
import { type BranchPolicy, GitHubRepository, type Reviewer } from "./github-repository";
import { PipelineIdentity } from "./pipeline-identity";
import { byPerson, type PipelineRights, pipelineRights } from "./pipeline-rights";
import { requirePrograms } from "./required-programs";

const help = `Usage: scripts/create-pipeline-identity ENVIRONMENT --repository OWNER/NAME [--reviewer LOGIN]...

Creates the two identities with which a GitHub repository's workflows deploy an environment, without a stored secret:
  id-<environment>-deploy  applies; only approved jobs of the GitHub environment <environment>, from main, get its tokens
  id-<environment>-plan    reads; approved jobs of the GitHub environment <environment>-plan get its tokens, and jobs of main
The script reads the rights out of the environment's stacks (docs/pipeline.md). A second run changes only what differs. Run it
again after the first deployment: the plan identity needs some rights on resources that the first deployment creates.
`;

/** `scripts/create-pipeline-identity`. */
export async function main(): Promise<void> {
  await runScript(async ({ signal, promise: interrupted }) => {
    const { environment: name, values } = readArgumentsOf(help, {
      repository: { type: "string" },
      reviewer: { type: "string", multiple: true, default: [] },
    });
    const { repository, reviewer: reviewers } = values;
    if (repository === undefined) throw new UserError(help.split("\n")[0]);
    if (!/^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/.test(repository))
      throw new UserError(`--repository: ${repository} is not a repository. Write OWNER/NAME.`);
    await requirePrograms("az", "gh");
    const environment = loadEnvironment(name);
    const environmentsFolder = join(projectFolder, "environments");
    await createPipelineIdentity(
      { environment, environmentsFolder, rights: pipelineRights(environment), repository, reviewers },
      { az: new AzureCli(signal), gh: new GitHubCli(signal), say, interrupted },
    );
  });
}

export interface PipelineRequest {
  readonly environment: Environment;
  /** Where the environment's file is. */
  readonly environmentsFolder: string;
  readonly rights: PipelineRights;
  /** OWNER/NAME */
  readonly repository: string;
  /** GitHub's logins of the people who approve jobs. */
  readonly reviewers: readonly string[];
}

export interface Clouds {
  readonly az: AzureCli;
  readonly gh: GitHubCli;
  readonly say: Say;
  /** Rejects when the person interrupts the script. */
  readonly interrupted?: Promise<never>;
}

/** @throws {DeploymentProblems} before any change, with all that is wrong; {UserError} when Azure or GitHub refuses something */
export async function createPipelineIdentity(request: PipelineRequest, clouds: Clouds): Promise<void> {
  const { environment, environmentsFolder, rights } = request;
  const { az, gh, say, interrupted } = clouds;
  const azure = await AzureSetup.open(az, say, interrupted);
  const checked = await check(request, azure, gh);
  const { repository } = checked;
  const pipeline = new Pipeline(environment, rights, azure, checked);
  const deploy = await pipeline.createDeployIdentity();
  const plan = await pipeline.createPlanIdentity();
  say(`Variables of ${repository.name}:`);
  await repository.ensureVariable("AZURE_CLIENT_ID", deploy.clientId, environment.name);
  await repository.ensureVariable("AZURE_PLAN_CLIENT_ID", plan.clientId);
  await repository.ensureVariable("AZURE_TENANT_ID", azure.tenantId);
  await repository.ensureVariable("AZURE_SUBSCRIPTION_ID", azure.subscriptionId);
  await repository.ensureVariable("PLAN_ENVIRONMENT", planEnvironment(environment));
  await repository.ensureVariable("DEPLOY_ENVIRONMENT", environment.name);
  const deployer = { objectId: deploy.objectId, name: `Pipeline of ${repository.name}` };
  addDeployer(environment.name, deployer, environmentsFolder, say);
  say(
    `Done. If environments/${environment.name}.json changed, commit it. Then deploy it once as a person: that deployment grants the pipeline its rights on Key Vaults and admits it to Vault.`,
  );
}

/** The GitHub environment whose approved jobs plan. */
const planEnvironment = ({ name }: Pick<Environment, "name">): string => `${name}-plan`;

/** The subjects of GitHub's tokens that each identity trusts, by the name of their federated credential. */
export function trustedSubjects(subject: string, environment: string) {
  return {
    deploy: { "github-environment": `${subject}:environment:${environment}` },
    plan: {
      "github-environment": `${subject}:environment:${planEnvironment({ name: environment })}`,
      "github-main": `${subject}:ref:refs/heads/main`,
    },
  };
}

/** What the checks found out. */
interface Checked {
  readonly state: StatePlace;
  readonly repository: GitHubRepository;
  readonly subject: string;
  readonly reviewers: readonly Reviewer[];
  /** The GitHub environments that exist. */
  readonly existing: ReadonlySet<string>;
  readonly customRoleIds: readonly string[];
}

/** @throws {DeploymentProblems} with everything that is wrong */
async function check(request: PipelineRequest, azure: AzureSetup, gh: GitHubCli): Promise<Checked> {
  const { environment, rights } = request;
  const problems = environmentProblems(environment);
  const github = await checkGitHub(request, azure.say, gh, problems);
  const customRoleIds: string[] = [];
  for (const role of rights.customRoles) {
    const id = await roleId(azure, role);
    if (id) customRoleIds.push(id);
    else
      problems.push(
        `The role ${role} does not exist yet. A person with rights on the subscription must deploy the stack ${byPerson} first.`,
      );
  }
  const { state } = environment;
  if (state.backend === "azurerm" && !(await hasAccount(azure, state.storageAccount)))
    problems.push(
      `The storage account ${state.storageAccount} does not exist. Run scripts/create-state-store ${environment.name} first.`,
    );
  if (problems.length > 0 || state.backend !== "azurerm" || !github)
    throw new DeploymentProblems("Nothing was changed", problems);
  return { state, customRoleIds, ...github };
}

function environmentProblems({ name, state, deployers }: Environment): string[] {
  const problems: string[] = [];
  if (state.backend !== "azurerm")
    problems.push(
      `environments/${name}.json keeps its state in local files, which a pipeline cannot reach. Add a state block, then run scripts/create-state-store ${name} and scripts/migrate-state ${name}.`,
    );
  if (deployers.some(({ objectId }) => objectId === "signed-in-user"))
    problems.push(
      `environments/${name}.json lists "signed-in-user" as a deployer. In a pipeline, that would be the pipeline. Write your object id instead (az ad signed-in-user show --query id).`,
    );
  return problems;
}

async function hasAccount(azure: AzureSetup, name: string): Promise<boolean> {
  const accounts = await azure.read(
    "look for the state's storage account",
    z.array(z.object({ name: z.string() })),
    ...["storage", "account", "list"],
  );
  return accounts.some((account) => account.name === name);
}

async function checkGitHub(
  { environment, repository: name, reviewers: logins }: PipelineRequest,
  say: Say,
  gh: GitHubCli,
  problems: string[],
): Promise<Omit<Checked, "state" | "customRoleIds"> | undefined> {
  if (!(await gh.isLoggedIn())) {
    problems.push("You are not logged in to GitHub. Run gh auth login.");
    return undefined;
  }
  const repository = await GitHubRepository.find(gh, say, name);
  if (!repository) {
    problems.push(
      "The repository does not exist, or you cannot see it. Correct --repository, or log in as another user (gh auth login).",
    );
    return undefined;
  }
  const subject = await repository.subject(problems);
  const reviewers = await repository.reviewers(logins, problems);
  const existing = new Set<string>();
  for (const one of [environment.name, planEnvironment(environment)]) {
    if (await repository.checkEnvironment(one, one === environment.name, problems)) existing.add(one);
    else if (logins.length === 0)
      problems.push(
        `The GitHub environment ${one} does not exist. Name its reviewers with --reviewer LOGIN.`,
      );
  }
  return { repository, subject, reviewers, existing };
}

/** The identities of an environment's pipeline, in a resource group of their own. */
class Pipeline {
  private readonly group: string;
  private readonly subscription: string;
  /** The resource group that the first deployment creates. */
  private readonly systemGroup: string;

  constructor(
    private readonly environment: Environment,
    private readonly rights: PipelineRights,
    private readonly azure: AzureSetup,
    private readonly checked: Checked,
  ) {
    this.group = resourceName("rg", environment.name, "pipeline");
    this.systemGroup = resourceName("rg", environment.name, "vault");
    this.subscription = `/subscriptions/${azure.subscriptionId}`;
  }

  async createDeployIdentity(): Promise<PipelineIdentity> {
    await this.azure.ensureResourceGroup(this.group, this.environment.location);
    const identity = await this.identity("deploy");
    // Approvals come first: an identity must never trust an environment without required reviewers.
    await this.protectEnvironments();
    await identity.trustOnly(this.trusted.deploy);
    await this.allowDeploying(identity.objectId);
    return identity;
  }

  async createPlanIdentity(): Promise<PipelineIdentity> {
    const identity = await this.identity("plan");
    await identity.trustOnly(this.trusted.plan);
    await this.allowPlanning(identity.objectId);
    return identity;
  }

  private identity(kind: "deploy" | "plan"): Promise<PipelineIdentity> {
    const { name, location } = this.environment;
    return PipelineIdentity.ensure(this.azure, this.group, resourceName("id", name, kind), location);
  }

  private get trusted() {
    return trustedSubjects(this.checked.subject, this.environment.name);
  }

  private async protectEnvironments(): Promise<void> {
    const { name } = this.environment;
    await this.protect(name, { protected_branches: false, custom_branch_policies: true });
    await this.checked.repository.onlyMainDeploys(name);
    // Pull requests come from any branch. A reviewer approves each plan before it gets the identity.
    await this.protect(planEnvironment(this.environment), null);
  }

  private async protect(environment: string, branches: BranchPolicy): Promise<void> {
    const { existing, repository, reviewers } = this.checked;
    if (existing.has(environment)) this.azure.say(`GitHub environment ${environment} already exists.`);
    else await repository.createEnvironment(environment, reviewers, branches);
  }

  private async allowDeploying(principal: string): Promise<void> {
    const { rights, environment } = this;
    const scope = this.subscription;
    const condition = await this.condition(principal);
    const role = `Vault Deployment (${environment.name})`;
    const description = `What the stacks of ${environment.name} are made of, and nothing else.`;
    await ensureCustomRole(this.azure, role, description, rights.actions);
    await this.grant(principal, role, scope);
    await this.grant(principal, "Role Based Access Control Administrator", scope, condition);
    if (rights.locks) await this.grant(principal, "Locks Contributor", scope);
    await this.grant(principal, "Storage Blob Data Contributor", this.stateScope);
  }

  private async allowPlanning(principal: string): Promise<void> {
    const { azure, systemGroup } = this;
    await this.grant(principal, "Reader", this.subscription);
    await this.grant(principal, "Storage Blob Data Reader", this.stateScope);
    if (!(await azure.hasResourceGroup(systemGroup))) {
      azure.say(
        `  later: rights on ${systemGroup}. The first deployment creates it; run this script again after that.`,
      );
      return;
    }
    const scope = `${this.subscription}/resourceGroups/${systemGroup}`;
    await this.grant(principal, "Key Vault Reader", scope);
    // At each refresh, the azurerm provider lists credentials that the stacks make useless (docs/security.md). Reader cannot list them.
    const role = `Vault Plan Refresh (${this.environment.name})`;
    const description = "List what the azurerm provider reads at a refresh and Reader does not cover.";
    await ensureCustomRole(azure, role, description, [
      "Microsoft.Web/sites/config/list/action",
      "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
    ]);
    await this.grant(principal, role, scope);
    await this.forbidSecrets(principal);
  }

  private get stateScope(): string {
    return containerScope(this.azure.subscriptionId, this.checked.state);
  }

  private grant(principal: string, role: string, scope: string, condition?: string): Promise<void> {
    return this.azure.ensureRole({ principal, type: "ServicePrincipal", role, scope, condition });
  }

  /** The deploying identity may assign the roles that the stacks assign, but to itself only those that every deployer has. */
  private async condition(principal: string): Promise<string> {
    const own = await this.idsOf(this.rights.ownRoles);
    const others = await this.idsOf(this.rights.roles);
    return assignmentCondition(principal, own, [...others, ...this.checked.customRoleIds]);
  }

  private async idsOf(roles: readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const role of roles) {
      const id = await roleId(this.azure, role);
      if (!id)
        throw new UserError(
          `Azure has no role ${role}, but the stacks assign it. Check that az works on the right cloud (az cloud show). The script granted nothing.`,
        );
      ids.push(id);
    }
    return ids;
  }

  /** Earlier versions of this script let the plan identity read MySQL's first password. */
  private async forbidSecrets(principal: string): Promise<void> {
    const all = await this.azure.read(
      "read the plan's role assignments",
      z.array(z.object({ id: z.string(), roleDefinitionName: z.string() })),
      ...["role", "assignment", "list", "--all", "--assignee", principal],
    );
    const ids = all
      .filter(({ roleDefinitionName }) => roleDefinitionName === "Key Vault Secrets User")
      .map(({ id }) => id);
    if (ids.length === 0) return;
    await this.azure.change(
      "remove the role Key Vault Secrets User",
      ...["role", "assignment", "delete", "--ids", ...ids],
    );
    this.azure.say("  removed Key Vault Secrets User: a plan reads no secret");
  }
}
