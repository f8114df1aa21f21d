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
  it("refuses a change from 5 nodes to 1, and names the right steps", () => {
    expect(() => refuseQuorumLoss("vault-server", planOf(5, 1))).toThrow(
      /removes 4 of 5 nodes.*Lower vault\.nodes in steps: first to 3, deploy, then to 1/,
    );
  });

  it("refuses a change from 3 nodes to 1 if the nodes do not leave the cluster first", () => {
    expect(() => refuseQuorumLoss("vault-server", planOf(3, 1), true)).toThrow(
      /removes 2 of 3 nodes.*Leave out --at-once/,
    );
  });

  it.each([
    [1, 3],
    [3, 5],
    [5, 3],
    [3, 1],
    [3, 3],
    [3, 0],
  ])("allows a change from %i to %i", (before, after) => {
    expect(() => refuseQuorumLoss("vault-server", planOf(before, after))).not.toThrow();
  });

  it("looks only at Vault's nodes", () => {
    expect(() => refuseQuorumLoss("agent-vm", planOf(5, 1))).not.toThrow();
  });
});
