import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { UserError } from "../../../lib/processes/user-error";
import { AzureCli } from "../azure-cli";
import { readArgumentsOf, runScript, say } from "../run-script";
import { projectFolder } from "../stack-folder";
import { addDeployer } from "./add-deployer";
import { AzureSetup, type Say } from "./azure-setup";
import { GitHubCli } from "./github-cli";
import { PipelineIdentities } from "./pipeline-identities";
import { pipelineRights } from "./pipeline-rights";
import { requirePrograms } from "./required-programs";
import { check, type PipelineRequest } from "./setup-checks";
import { planEnvironment } from "./trusted-subjects";

const help = `Usage: scripts/create-pipeline-identity ENVIRONMENT --repository OWNER/NAME [--reviewer LOGIN]...

Creates the two identities with which a GitHub repository's workflows deploy an environment, without a stored secret:
  id-<environment>-deploy  applies; only approved jobs of the GitHub environment <environment>, from main, get its tokens
  id-<environment>-plan    reads; approved jobs of the GitHub environment <environment>-plan get its tokens, and jobs of main
The script derives the rights from the environment's stacks (docs/pipeline.md). A second run changes only what differs. Run it
again after the first deployment, because the plan identity needs some rights on resources that the first deployment creates.
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
      { az: new AzureCli(environment.azureCloud, signal), gh: new GitHubCli(signal), say, interrupted },
    );
  });
}

export interface Clouds {
  readonly az: AzureCli;
  readonly gh: GitHubCli;
  readonly say: Say;
  /** Rejects when the person interrupts the script. */
  readonly interrupted?: Promise<never>;
}

/** @throws {DeploymentProblems} before any change, with all problems. @throws {UserError} if Azure or GitHub refuses something */
export async function createPipelineIdentity(request: PipelineRequest, clouds: Clouds): Promise<void> {
  const { environment, environmentsFolder, rights } = request;
  const { az, gh, say, interrupted } = clouds;
  const azure = await AzureSetup.open(az, say, interrupted);
  const checked = await check(request, azure, gh);
  const { repository } = checked;
  const pipeline = new PipelineIdentities(environment, rights, azure, checked);
  const deploy = await pipeline.createDeployIdentity();
  const plan = await pipeline.createPlanIdentity();
  say(`Variables of ${repository.name}:`);
  await repository.ensureVariable("AZURE_CLIENT_ID", deploy.clientId, environment.name);
  await repository.ensureVariable("AZURE_PLAN_CLIENT_ID", plan.clientId);
  await repository.ensureVariable("AZURE_TENANT_ID", azure.tenantId);
  await repository.ensureVariable("AZURE_SUBSCRIPTION_ID", azure.subscriptionId);
  await repository.ensureVariable("PLAN_ENVIRONMENT", planEnvironment(environment.name));
  await repository.ensureVariable("DEPLOY_ENVIRONMENT", environment.name);
  const deployer = { objectId: deploy.objectId, name: `Pipeline of ${repository.name}` };
  addDeployer(environment.name, deployer, environmentsFolder, say);
  say(
    `Done. If environments/${environment.name}.json changed, commit it. Then deploy it once as a person: that deployment grants the pipeline its rights on Key Vaults and admits it to Vault.`,
  );
}
