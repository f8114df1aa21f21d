import { waitFor } from "../../../lib/processes/wait-for";
import type { RunningSandbox } from "./running-sandbox";

/** Autopilot's view of a cluster, read as a deployer. */
export interface AutopilotState {
  readonly healthy: boolean;
  /** Raft's name of the active node, such as vault-2. */
  readonly leader: string;
  readonly voters: readonly string[];
}

export async function autopilotState(running: RunningSandbox): Promise<AutopilotState> {
  const deployer = await running.deployer();
  const state = await deployer.request({ method: "GET", path: "sys/storage/raft/autopilot/state" });
  await deployer.logOut();
  return state as unknown as AutopilotState;
}

/** Returns whether autopilot calls the cluster healthy, with this number of voters. */
export async function isHealthy(running: RunningSandbox, nodes: number): Promise<boolean> {
  const { healthy, voters } = await autopilotState(running);
  return healthy && voters.length === nodes;
}

/** Waits until autopilot calls the cluster healthy, with this number of voters. */
export async function untilNodesAreHealthy(
  running: RunningSandbox,
  nodes: number,
  deadlineMs: number,
): Promise<void> {
  await waitFor(`autopilot to call ${nodes} nodes healthy, and voters`, () => isHealthy(running, nodes), {
    deadlineMs,
    intervalMs: 500,
  });
}
