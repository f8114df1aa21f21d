import { refuseQuorumLoss } from "../../../scripts/deployment/quorum-loss";

const planOf = (before: number, after: number) => ({
  format_version: "1.2",
  resource_changes: Array.from({ length: Math.max(before, after) }, (_, index) => ({
    address: `azurerm_linux_virtual_machine.node-${index + 1}_vm_machine`,
    mode: "managed" as const,
    change: {
      actions: index >= after ? ["delete"] : index >= before ? ["create"] : ["update"],
      before: {},
      after: {},
    },
  })),
});

describe("refuseQuorumLoss", () => {
  it.each([
    [3, 1, 2],
    [5, 1, 4],
  ])("refuses to go from %i nodes to %i, and says how it can be done", (before, after, gone) => {
    expect(() => refuseQuorumLoss("vault-server", planOf(before, after))).toThrow(
      new RegExp(`takes ${gone} of ${before} nodes.*lower vault\\.nodes in steps`),
    );
  });

  it.each([
    [1, 3],
    [3, 5],
    [5, 3],
    [3, 3],
    [3, 0],
  ])("lets through %i to %i", (before, after) => {
    expect(() => refuseQuorumLoss("vault-server", planOf(before, after))).not.toThrow();
  });

  it("looks at Vault's nodes only", () => {
    expect(() => refuseQuorumLoss("agent-vm", planOf(3, 1))).not.toThrow();
  });
});
