import { RaftAutopilot } from "../../../constructs/vault/raft-autopilot";
import { synthesizeConstructs } from "../../synthesis";

describe("RaftAutopilot", () => {
  it.each([3, 5])("removes dead nodes of %i, and never goes below that number", (nodes) => {
    const stack = synthesizeConstructs((scope) => new RaftAutopilot(scope, "raft", { nodes }));
    expect(stack.only("vault_raft_autopilot").attributes).toEqual({
      cleanup_dead_servers: true,
      dead_server_last_contact_threshold: "10m0s",
      min_quorum: nodes,
    });
  });
});
