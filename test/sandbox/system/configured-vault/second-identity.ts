import { waitFor } from "../../../../lib/processes/wait-for";
import type { RunningSandbox } from "../running-sandbox";
import { login } from "../workloads";

export const secondIdentity = (running: RunningSandbox): void =>
  describe("A second user-assigned identity on Vault's VM, as an Azure policy adds it,", () => {
    beforeAll(() => {
      running.sandbox.azure.assignIdentity(running.sandbox.vault.name, {
        name: "id-of-a-policy",
        resourceId:
          "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-policy/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-of-a-policy",
        clientId: "00000000-0000-0000-0000-00000000c001",
        principalId: "00000000-0000-0000-0000-00000000c002",
      });
    });

    it("does not change VMs' logins, because Vault asks Azure with the VM's own identity", async () => {
      expect(await login(running.sandbox, "agent", "agent-role")).toMatchObject({ status: 200, errors: "" });
    });

    it("does not prevent the unseal, because a setting names the seal's identity", async () => {
      await running.sandbox.vault.reboot();
      await waitFor(
        "Vault to admit the VM again",
        async () => (await login(running.sandbox, "agent", "agent-role")).status === 200,
        { deadlineMs: 60_000 },
      );
    });
  });
