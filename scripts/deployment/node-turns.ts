import type { Report } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { DeadlineError } from "../../lib/processes/wait-for";
import type { Cluster } from "./cluster";
import type { NodeChange } from "./cluster-changes";
import type { DeploymentProgress } from "./deployment-progress";

export interface NodeTurnsOptions {
  readonly cluster: Cluster;
  readonly progress: DeploymentProgress;
  /** The version of Vault that a node runs after its change. */
  readonly version: string;
  /** Changes one node, and resolves when its VM has applied the change. */
  readonly change: (node: NodeChange, report: Report) => Promise<void>;
}

/**
 * Changes the nodes of a cluster one after the other, so that Vault always has a majority. Nothing is stored between runs: the next
 * plan contains the remaining nodes.
 */
export class NodeTurns {
  constructor(private readonly options: NodeTurnsOptions) {}

  /**
   * @param nodes all existing nodes
   * @throws {UserError} with the nodes that were not changed
   */
  async take(nodes: readonly NodeChange[]): Promise<void> {
    await this.change(nodes);
    await this.remove(nodes);
  }

  private async change(nodes: readonly NodeChange[]): Promise<void> {
    const { cluster, progress, version, change } = this.options;
    let left = nodes.filter(({ stops }) => stops);
    const count = left.length;
    if (count > 0) progress.line(`  ${listOf(left)}: one after the other, the active node last`);
    while (left.length > 0) {
      const name = await progress.step("  next turn: asks Vault for the active node", (report) =>
        this.explained(left, () => cluster.next(namesOf(left), report)),
      );
      const node = left.find((it) => it.name === name);
      if (!node) throw new UserError(`The cluster has no node ${name}.`);
      const waiting = left.filter((it) => it !== node);
      const turn = `  ${name}: its turn, ${count - waiting.length} of ${count}${waiting.length > 0 ? `; then ${listOf(waiting)}` : ""}`;
      await progress.longStep(turn, async (report) => {
        const others = namesOf(nodes).filter((it) => it !== name);
        await this.explained(left, () => cluster.untilServing(others, report));
        await change(node, report);
        await this.explained(waiting, () => cluster.untilBack(name, version, report));
      });
      left = waiting;
    }
  }

  /** Removes nodes whose VMs will be deleted. They lose their votes first, one after the other. */
  private async remove(nodes: readonly NodeChange[]): Promise<void> {
    const { cluster, progress } = this.options;
    let left = nodes.filter(({ leaves }) => leaves);
    const staying = namesOf(nodes.filter(({ leaves }) => !leaves));
    // If no node stays, this deletes the whole system.
    if (staying.length === 0) return;
    while (left.length > 0) {
      const all = left;
      const name = await progress.step("  next to leave: asks Vault for the active node", (report) =>
        this.explained(all, () => cluster.next(namesOf(all), report)),
      );
      await progress.longStep(`  ${name}: leaves the cluster`, (report) =>
        this.explained(all, async () => {
          await cluster.untilServing(staying, report);
          await cluster.remove(name, report);
          await cluster.untilServing(staying, report);
        }),
      );
      left = all.filter((it) => it.name !== name);
    }
  }

  private async explained<T>(unchanged: readonly NodeChange[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      const kept = unchanged.length > 0 ? ` Nodes that did not change: ${listOf(unchanged)}.` : "";
      throw new UserError(
        `${error.message}${kept} Look at the node's console (\`az vm boot-diagnostics get-boot-log\`), correct the cause, and run the same command again. It continues with the remaining nodes. If Vault serves nobody anyway, --at-once changes all nodes together.`,
      );
    }
  }
}

const namesOf = (nodes: readonly NodeChange[]): string[] => nodes.map(({ name }) => name);
const listOf = (nodes: readonly NodeChange[]): string => namesOf(nodes).join(", ");
