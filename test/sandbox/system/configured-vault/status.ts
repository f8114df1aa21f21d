import { waitFor } from "../../../../lib/processes/wait-for";
import { deployerFindings } from "../../../../scripts/deployment/status/vault-findings";
import { deadlineMs } from "../first-boots";
import type { RunningSandbox } from "../running-sandbox";

export const status = (running: RunningSandbox): void =>
  describe("scripts/status", () => {
    it("reads the nodes, audit devices, disks and leases of a real Vault as a deployer", async () => {
      const client = await running.deployer();
      // Vault's metrics are up to 20 seconds old.
      const findings = await waitFor(
        "Vault to count this login",
        async () => {
          const found = await deployerFindings(client, running.sandbox.environment);
          return found.some(({ what, says }) => what === "leases" && /^[1-9]/.test(says)) ? found : undefined;
        },
        { deadlineMs },
      );
      await client.logOut();
      expect(findings.map(({ what, says }) => [what, says])).toEqual([
        ["nodes", "vault-1 leader"],
        ["audit", "devices file/, first-boot/"],
        // Depends on the computer, which has one disk for all.
        ["disks", expect.stringMatching(/^of the active node: system \d+% full/)],
        ["leases", expect.stringMatching(/^[1-9]\d*, and 204800 are allowed$/)],
      ]);
    });
  });
