import type { Plan } from "../plan-summary/plan-json";
import { clusterChanges } from "./cluster-changes";
import { DeploymentProblems } from "./deployment-problems";

/**
 * Refuses a plan that removes more nodes at once than Vault can lose.
 * @param atOnce true if the nodes do not give up their votes before their deletion
 * @throws {DeploymentProblems} with the cure
 */
export function refuseQuorumLoss(stack: string, plan: Plan, atOnce = false): void {
  const nodes = clusterChanges(stack, plan);
  const [before, gone] = [nodes.length, nodes.filter(({ leaves }) => leaves).length];
  const left = before - gone;
  // If no node stays, this deletes the whole system. scripts/destroy handles that.
  if (gone === 0 || left === 0) return;
  if (gone > 2) {
    throw new DeploymentProblems("Nothing of this stack was changed, because Vault could lose its quorum", [
      `The plan of ${stack} removes ${gone} of ${before} nodes. The remaining ${left} are not a majority. Lower vault.nodes in steps: first to 3, deploy, then to 1.`,
    ]);
  }
  if (atOnce && left <= before / 2) {
    throw new DeploymentProblems("Nothing of this stack was changed, because Vault would lose its quorum", [
      `The plan of ${stack} removes ${gone} of ${before} nodes. The remaining ${left} are not a majority. Leave out --at-once, so that the nodes leave the cluster first.`,
    ]);
  }
}
