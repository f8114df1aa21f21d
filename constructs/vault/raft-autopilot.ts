import { RaftAutopilot as VaultRaftAutopilot } from "@cdktf/provider-vault/lib/raft-autopilot";
import { Construct } from "constructs";

export interface RaftAutopilotProps {
  /** The number of nodes in the cluster. */
  nodes: number;
}

/**
 * Removes nodes that are gone permanently, so that they no longer count in votes. Autopilot never goes below the
 * environment's number of nodes, so a node that is only away keeps its place.
 *
 * Source: Vault's documentation, concepts/integrated-storage/autopilot.
 */
export class RaftAutopilot extends Construct {
  constructor(scope: Construct, id: string, { nodes }: RaftAutopilotProps) {
    super(scope, id);
    new VaultRaftAutopilot(this, "autopilot", {
      cleanupDeadServers: true,
      // Vault returns this format, so the next plan is empty.
      deadServerLastContactThreshold: "10m0s",
      minQuorum: nodes,
    });
  }
}
