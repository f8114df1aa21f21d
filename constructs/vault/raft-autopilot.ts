import { RaftAutopilot as VaultRaftAutopilot } from "@cdktf/provider-vault/lib/raft-autopilot";
import { Construct } from "constructs";

export interface RaftAutopilotProps {
  /** How many nodes the cluster has. */
  nodes: number;
}

/**
 * Forgets nodes that are gone for good, so that they count in no vote any more. There are never fewer than the environment names, so a node
 * that is only away, however long, keeps its place.
 *
 * Source: Vault's documentation, concepts/integrated-storage/autopilot.
 */
export class RaftAutopilot extends Construct {
  constructor(scope: Construct, id: string, { nodes }: RaftAutopilotProps) {
    super(scope, id);
    new VaultRaftAutopilot(this, "autopilot", {
      cleanupDeadServers: true,
      // As Vault says it when it is asked, so that the next plan is empty.
      deadServerLastContactThreshold: "10m0s",
      minQuorum: nodes,
    });
  }
}
