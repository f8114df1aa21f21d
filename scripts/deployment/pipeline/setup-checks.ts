import { z } from "zod";
import type { Environment } from "../../../environments/schema";
import { DeploymentProblems } from "../deployment-problems";
import type { AzureSetup, Say } from "./azure-setup";
import type { StatePlace } from "./create-state-store";
import { roleId } from "./custom-role";
import type { GitHubCli } from "./github-cli";
import { GitHubRepository, type Reviewer } from "./github-repository";
import { byPerson, type PipelineRights } from "./pipeline-rights";
import { planEnvironment } from "./trusted-subjects";

/** The pipeline to set up. */
export interface PipelineRequest {
  readonly environment: Environment;
  /** The folder with the environment's file. */
  readonly environmentsFolder: string;
  readonly rights: PipelineRights;
  /** OWNER/NAME */
  readonly repository: string;
  /** GitHub's logins of the people who approve jobs. */
  readonly reviewers: readonly string[];
}

/** The results of the checks. */
export interface Checked {
  readonly state: StatePlace;
  readonly repository: GitHubRepository;
  readonly subject: string;
  readonly reviewers: readonly Reviewer[];
  /** The GitHub environments that exist. */
  readonly existing: ReadonlySet<string>;
  readonly customRoleIds: readonly string[];
}

/** @throws {DeploymentProblems} with everything that is wrong */
export async function check(request: PipelineRequest, azure: AzureSetup, gh: GitHubCli): Promise<Checked> {
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
  for (const name of [environment.name, planEnvironment(environment.name)]) {
    if (await repository.checkEnvironment(name, name === environment.name, problems)) existing.add(name);
    else if (logins.length === 0)
      problems.push(
        `The GitHub environment ${name} does not exist. Name its reviewers with --reviewer LOGIN.`,
      );
  }
  return { repository, subject, reviewers, existing };
}
