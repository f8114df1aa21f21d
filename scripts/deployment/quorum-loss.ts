import type { Plan } from "../plan-summary/plan";
import { clusterChanges } from "./cluster-changes";
import { DeploymentProblems } from "./deployment-problems";

/**
 * Refuses a plan that takes more nodes at once than Vault can do without.
 * @param atOnce whether the nodes go without leaving the votes before
 * @throws {DeploymentProblems} with the cure
 */
export function refuseQuorumLoss(stack: string, plan: Plan, atOnce = false): void {
  const nodes = clusterChanges(stack, plan);
  const [before, gone] = [nodes.length, nodes.filter(({ leaves }) => leaves).length];
  const left = before - gone;
  // With none left, the whole system goes, which is scripts/destroy's.
  if (gone === 0 || left === 0) return;
  if (gone > 2) {
    throw new DeploymentProblems("Nothing of this stack was changed, since Vault could lose its quorum", [
      `The plan of ${stack} takes ${gone} of ${before} nodes, and the ${left} that stay are no majority; lower vault.nodes in steps: first to 3, deploy, then to 1.`,
    ]);
  }
  if (atOnce && left <= before / 2) {
    throw new DeploymentProblems("Nothing of this stack was changed, since Vault would lose its quorum", [
      `The plan of ${stack} takes ${gone} of ${before} nodes, and the ${left} that stay are no majority; leave out --at-once, so that the nodes leave the cluster first.`,
    ]);
  }
}
