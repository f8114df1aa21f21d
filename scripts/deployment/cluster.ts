import { z } from "zod";
import type { Report } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { waitFor } from "../../lib/processes/wait-for";
import { type VaultClient, VaultRefusal } from "../../lib/vault-api/vault-client";
import { type AutopilotState, readAutopilotState } from "./autopilot-state";
import type { Interruption } from "./interruption";

/** Source: Vault's API, sys/storage/raft/configuration. */
const raftConfiguration = z.object({
  config: z.object({ servers: z.array(z.object({ node_id: z.string() })) }),
});

export interface ClusterOptions {
  /** Calls Vault's API as a deployer. */
  readonly withVault: <T>(work: (vault: VaultClient) => Promise<T>) => Promise<T>;
  /** How long to wait for a node. */
  readonly seconds: number;
  readonly interruption: Interruption;
}

/** Vault's cluster, as its autopilot sees it. */
export class Cluster {
  constructor(private readonly options: ClusterOptions) {}

  /**
   * Chooses the next node to change: first a node that does not serve, then the standbys, and the active node last. So a failover never
   * returns to a node that must still change.
   */
  async next(nodes: readonly string[], report: Report): Promise<string> {
    return this.wait("Vault to say which node is active", report, async () => {
      const state = await this.state();
      const rank = (name: string): number => (name === state.leader ? 2 : serves(state, name) ? 1 : 0);
      const [first] = [...nodes].sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));
      return first;
    });
  }

  /** Waits until all of these nodes serve. Then Vault can work without one more node. */
  async untilServing(nodes: readonly string[], report: Report): Promise<void> {
    await this.wait(`${nodes.join(" and ")} to be healthy`, report, async () => {
      const state = await this.state();
      const missing = nodes.filter((name) => !serves(state, name));
      if (missing.length > 0) throw new UserError(missing.map((name) => saidOf(state, name)).join("; "));
      return true;
    });
  }

  /**
   * Waits until a changed node serves again and has all of Vault's writes since the change.
   * @param version the version of Vault that the node must run
   */
  async untilBack(node: string, version: string, report: Report): Promise<void> {
    let written: number | undefined;
    await this.wait(`${node} to be back in the cluster`, report, async () => {
      const state = await this.state();
      // A node reports its log's position to the leader every few seconds. A report with this position came after the change.
      written ??= state.servers[state.leader]?.last_index ?? 0;
      const server = state.servers[node];
      if (!server || !serves(state, node) || server.last_index < written)
        throw new UserError(saidOf(state, node));
      if (server.version !== version)
        throw new UserError(`${node} runs Vault ${server.version}, not ${version}`);
      return true;
    });
  }

  /** Removes a node's vote, then the node from the cluster. Does nothing if the node is not in the cluster. */
  async remove(node: string, report: Report): Promise<void> {
    const { withVault } = this.options;
    let refusal: VaultRefusal | undefined;
    await this.wait(`${node} to leave the cluster`, report, () =>
      withVault(async (vault) => {
        const answer = await vault.request({ method: "GET", path: "sys/storage/raft/configuration" });
        const { servers } = raftConfiguration.parse(answer).config;
        if (!servers.some(({ node_id }) => node_id === node)) return true;
        const body = { server_id: node };
        await vault.request({ method: "POST", path: "sys/storage/raft/remove-peer", body }).catch((error) => {
          if (!(error instanceof VaultRefusal && error.status === 403)) throw error;
          refusal = error;
        });
        return refusal !== undefined;
      }),
    );
    if (refusal)
      throw new UserError(
        `A deployer cannot remove ${node} from the cluster yet (${refusal.errors.join("; ").trim()}). Restore the earlier vault.nodes and deploy, which grants this right. Then lower vault.nodes again.`,
      );
  }

  private state(): Promise<AutopilotState> {
    return this.options.withVault(readAutopilotState);
  }

  private async wait<T>(what: string, report: Report, look: () => Promise<T>): Promise<NonNullable<T>> {
    const { seconds, interruption } = this.options;
    const reported = async () => {
      try {
        return await look();
      } catch (error) {
        report(messageOf(error));
        throw error;
      }
    };
    return waitFor(what, reported, {
      deadlineMs: seconds * 1000,
      intervalMs: Math.min(2000, seconds * 100),
      abort: interruption.promise,
    });
  }
}

function serves({ servers }: AutopilotState, name: string): boolean {
  const server = servers[name];
  return (
    server?.healthy === true && server.node_status === "alive" && ["leader", "voter"].includes(server.status)
  );
}

function saidOf({ servers }: AutopilotState, name: string): string {
  const server = servers[name];
  if (!server) return `autopilot does not know ${name}`;
  const { healthy, status, node_status, last_contact, last_index } = server;
  return `autopilot calls ${name} ${healthy ? "healthy" : "unhealthy"} (${status}, ${node_status}, last contact ${last_contact} ago, log at ${last_index})`;
}
