import { z } from "zod";
import { resourceName } from "../../../constructs/azure/resource-names";
import type { Environment } from "../../../environments/schema";
import { UserError } from "../../../lib/processes/user-error";
import { assignmentCondition } from "./assignment-condition";
import type { AzureSetup } from "./azure-setup";
import { containerScope } from "./create-state-store";
import { ensureCustomRole, roleId } from "./custom-role";
import type { BranchPolicy } from "./github-repository";
import { PipelineIdentity } from "./pipeline-identity";
import type { PipelineRights } from "./pipeline-rights";
import type { Checked } from "./setup-checks";
import { planEnvironment, trustedSubjects } from "./trusted-subjects";

/** The identities of an environment's pipeline, in their own resource group. */
export class PipelineIdentities {
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
    await this.protect(planEnvironment(this.environment.name), null);
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
    const description = `Deploy the resource types of the stacks of ${environment.name}, and nothing else.`;
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
        `  later: rights on ${systemGroup}. The first deployment creates it. Run this script again after that.`,
      );
      return;
    }
    const scope = `${this.subscription}/resourceGroups/${systemGroup}`;
    await this.grant(principal, "Key Vault Reader", scope);
    // At each refresh, the azurerm provider lists credentials that the stacks make useless (docs/security.md). Reader cannot list them.
    const role = `Vault Plan Refresh (${this.environment.name})`;
    const description = "List the data that the azurerm provider reads at a refresh and Reader cannot list.";
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

  /** The deploying identity may assign the roles that the stacks assign. It may assign itself only the roles that every deployer has. */
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
      z.array(z.object({ id: z.string(), roleDefinitionName: z.string().nullish() })),
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
