import { actionOf, type Plan } from "../plan-summary/plan";
import { DeploymentProblems } from "./deployment-problems";

/** The VMs of Vault's nodes, by their addresses in the stack vault-server. */
const node = /^azurerm_linux_virtual_machine\.node-\d+_/;

/**
 * Refuses a plan after which the nodes that stay are no majority of those that were: they could not elect a leader any more. No option
 * allows it, since what is left would be no Vault that works.
 * @throws {DeploymentProblems} with the cure
 */
export function refuseQuorumLoss(stack: string, plan: Plan): void {
  if (stack !== "vault-server") return;
  const nodes = (plan.resource_changes ?? []).filter(
    ({ mode, address }) => mode === "managed" && node.test(address),
  );
  const before = nodes.filter(({ change }) => actionOf(change) !== "added").length;
  const gone = nodes.filter(({ change }) => actionOf(change) === "destroyed").length;
  const left = before - gone;
  // With none left, the whole system goes, which is scripts/destroy's.
  if (gone === 0 || left === 0 || left > before / 2) return;
  throw new DeploymentProblems("Nothing of this stack was changed, since Vault would lose its quorum", [
    `The plan of ${stack} takes ${gone} of ${before} nodes, and the ${left} that stay are no majority; lower vault.nodes in steps (5, then 3), and wait ten minutes after each until autopilot has forgotten the nodes that are gone. From 3 nodes there is no way to 1 but a new environment.`,
  ]);
}
