import type { Report } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { numberOf } from "../../lib/processes/version";
import { UntrustedCertificate, type VaultClient, VaultRefusal } from "../../lib/vault-api/vault-client";
import type { Plan } from "../plan-summary/plan-json";
import { adopt, type Stranger, strangersIn } from "./adoption";
import { Cluster, type ClusterOptions } from "./cluster";
import { clusterChanges, type NodeChange } from "./cluster-changes";
import { lossesOf, refuseDataLoss } from "./data-loss";
import type { DeploymentRun } from "./deployment-run";
import { deployedMachines } from "./machine-reports";
import { NodeTurns } from "./node-turns";
import { type MadePlan, withPlan } from "./plan";
import { refuseQuorumLoss } from "./quorum-loss";
import { endAccess, proveGone, type RemovedWorkload, removedWorkloads } from "./removed-workloads";
import { refuseUnreviewed, refuseUnreviewedPart, reviewedDigest } from "./reviewed-plan";
import { TerraformError, type TerraformRun, terraform } from "./terraform";
import { mountInTheWay } from "./terraform-failure";

/** Applies the plans of a deployment's stacks. */
export class StackApplication {
  constructor(private readonly deployment: DeploymentRun) {}

  /**
   * Plans a stack, checks the plan, and applies exactly this plan. Repeats this after the import of a killed run's resources, or after the
   * nodes of a cluster have changed one after the other.
   * @param first the plan whose nodes have already changed
   */
  async apply(
    stack: string,
    env: NodeJS.ProcessEnv,
    secrets: readonly string[],
    first?: Plan,
  ): Promise<void> {
    const { reviewed, atOnce } = this.deployment.options;
    const digest = reviewed && reviewedDigest(stack, reviewed);
    const work = this.deployment.onStack("stack", stack, env, secrets, async (run) => {
      const turns = await withPlan(
        run,
        async (made) => {
          const { plan } = made;
          if (digest && first) refuseUnreviewedPart(stack, first, plan);
          else if (digest) refuseUnreviewed(stack, plan, digest);
          refuseQuorumLoss(stack, plan, atOnce);
          this.refuseLosses(stack, plan);
          const nodes = clusterChanges(stack, plan);
          if (!atOnce && !first && nodes.some(({ stops, leaves }) => stops || leaves)) return { plan, nodes };
          return { again: await this.applyAndAdopt(run, made) };
        },
        first ? {} : this.deployment.scopeOf(stack),
      );
      if (!turns.nodes) return turns.again ? { first } : undefined;
      await this.changeInTurn(run, turns.plan, turns.nodes);
      return { first: turns.plan };
    });
    const again = await work.catch((error) => this.clearedTheWay(error));
    if (again) await this.apply(stack, env, secrets, again.first);
  }

  private refuseLosses(stack: string, plan: Plan): void {
    refuseDataLoss(lossesOf(stack, plan), this.deployment.options.allowedLosses);
  }

  /** @returns true if resources existed already and are now imported */
  private async applyAndAdopt(run: TerraformRun, { plan, file, changes }: MadePlan): Promise<boolean> {
    const removed = removedWorkloads(plan);
    const ended = await this.asDeployerForEach(removed, endAccess);
    const strangers = await this.applyPlan(run, file, changes);
    await this.asDeployerForEach(removed, proveGone);
    for (const [index, { role }] of removed.entries()) {
      this.deployment.progress.line(
        `  ${role}: Vault has neither this role nor its policy; ended: ${ended[index]?.join(", ")}`,
      );
    }
    for (const { address } of strangers)
      this.deployment.progress.line(`  imports ${address}, which exists already`);
    await adopt(strangers, { run, plan, az: this.deployment.az });
    return strangers.length > 0;
  }

  /** Works on one workload after the other, with one login to Vault. Without workloads, it does not log in. */
  private async asDeployerForEach<T>(
    workloads: readonly RemovedWorkload[],
    work: (client: VaultClient, workload: RemovedWorkload) => Promise<T>,
  ): Promise<readonly T[]> {
    if (workloads.length === 0) return [];
    return this.deployment.asDeployer(async (client) => {
      const results: T[] = [];
      for (const workload of workloads) results.push(await work(client, workload));
      return results;
    });
  }

  private async changeInTurn(run: TerraformRun, plan: Plan, nodes: readonly NodeChange[]): Promise<void> {
    const { interruption, progress } = this.deployment;
    const { wait: seconds } = this.deployment.options;
    run.report("changes its nodes one after the other");
    const withVault: ClusterOptions["withVault"] = async (work) => {
      const access = await this.deployment.vaultAccess();
      return access.asDeployer(work).catch((error) => {
        // A changed node may serve a newer certificate.
        if (error instanceof UntrustedCertificate) this.deployment.forgetVault();
        throw error;
      });
    };
    const cluster = new Cluster({ withVault, seconds, interruption });
    const version = numberOf(this.deployment.environment.vault.version);
    const change = (node: NodeChange, report: Report) => this.changeNode({ ...run, report }, plan, node);
    await new NodeTurns({ cluster, progress, version, change }).take(nodes);
  }

  /** Applies the plan's changes to one node, and nothing else. */
  private async changeNode(run: TerraformRun, whole: Plan, node: NodeChange): Promise<void> {
    const { stack, env, report } = run;
    const { wait: seconds, reviewed, replace } = this.deployment.options;
    const targets = node.addresses;
    const again = await withPlan(
      run,
      async (made) => {
        const others = clusterChanges(stack, made.plan).filter(
          ({ name, stops, leaves }) => name !== node.name && (stops || leaves),
        );
        if (others.length > 0)
          throw new UserError(
            `The change of ${node.name} would also stop ${others.map(({ name }) => name).join(" and ")}. Change their shared resources in a separate deployment.`,
          );
        if (reviewed) refuseUnreviewedPart(stack, whole, made.plan);
        this.refuseLosses(stack, made.plan);
        return this.applyAndAdopt(run, made);
      },
      { targets, replace: replace.filter((address) => targets.includes(address)) },
    );
    if (again) return this.changeNode(run, whole, node);
    const before = this.deployment.states.get(stack);
    await this.deployment.readState(stack, env);
    const machines = deployedMachines(before, this.deployment.stateOf(stack));
    const machine = machines.find(({ name }) => name.endsWith(`-${node.name}`));
    if (!machine)
      throw new UserError(`Terraform's state has no VM of ${node.name}. Run the same command again.`);
    await this.deployment.reports.untilApplied(machine, {
      seconds,
      interruption: this.deployment.interruption,
      report,
    });
  }

  /** Deletes a database engine that an earlier removal left half deleted. @throws the error if it has another reason */
  private async clearedTheWay(error: unknown): Promise<{ first?: Plan }> {
    if (!(error instanceof TerraformError && mountInTheWay(error.output) === "database")) throw error;
    const access = await this.deployment.vaultAccess();
    const cleared = await access.finishRemovalOfDatabaseEngine().catch((reason) => {
      // MySQL is still away. The error says so.
      if (reason instanceof VaultRefusal) return false;
      throw reason;
    });
    if (!cleared) throw error;
    this.deployment.progress.line(
      "  deleted the database engine, because an earlier run had not completed its deletion",
    );
    return {};
  }

  /** @returns existing resources that an earlier, killed run may have created, or that a restore brought */
  private async applyPlan(run: TerraformRun, file: string, changes: boolean): Promise<readonly Stranger[]> {
    const { stack } = run;
    const { unfinished } = this.deployment;
    // Another environment's Vault, restored here, has mounts that this environment's state does not know.
    const restored = stack === "vault-config" && this.deployment.environment.vault.unsealKey !== undefined;
    const mayAdopt = unfinished.isLeftOf(stack) || restored;
    try {
      await unfinished.during(stack, async () => {
        if (changes) await terraform(run, ["apply", "-no-color", "-input=false", file]);
      });
      return [];
    } catch (error) {
      const strangers = error instanceof TerraformError ? strangersIn(error.output) : undefined;
      if (mayAdopt && strangers) return strangers;
      throw error;
    }
  }
}
