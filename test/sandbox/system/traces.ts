import { logAlerts } from "../../../constructs/azure/watching/log-alerts";
import { signedInObjectId } from "../../../sandbox/azurerm/made-up-values";
import { securityWorkspace } from "../../../sandbox/rehearsal/empty-azure";
import { harmfulActs, missingTraces, settingType, type TraceScene } from "../../../sandbox/rehearsal/traces";
import type { AlertScenes } from "./alert-scenes";
import type { RunningSandbox } from "./running-sandbox";
import { Workspace } from "./workspace";

/**
 * docs/security.md, "What a deployer can still do".
 * @param running a whole system that sends its logs to `securityWorkspace`
 * @param scenes get the logs of each action, and the alerts of its row
 */
export const traces = (running: RunningSandbox, scenes: AlertScenes): void =>
  describe("A deployer's action", () => {
    const scene = (): TraceScene => {
      const { sandbox, deployer } = running;
      const { azure, vault, agents } = sandbox;
      const environment = { evidenceWorkspace: securityWorkspace };
      return { azure, environment, vault, agents, person: signedInObjectId, deployer };
    };

    beforeAll(() => {
      const { accessControl, resources } = running.sandbox.azure;
      const scope = `/subscriptions/${resources.subscriptionId}`;
      accessControl.add({ principalId: signedInObjectId, roleName: "Owner", scope });
    });

    it.each(harmfulActs)("shows: $what", async (way) => {
      const since = new Date().toISOString();
      expect(await missingTraces(way, scene())).toEqual([]);
      const { Syslog: _, ...logs } = new Workspace(running.sandbox, securityWorkspace).logs(since);
      const alerts = logAlerts.filter((alert) => alert.way === way.what).map(({ name }) => name);
      // No log in this test has Vault's state.
      scenes.add(way.what, ["silent", ...alerts], logs);
    });

    it.each(harmfulActs.filter(({ shows }) => !shows["Vault's audit log"]))(
      "shows only because of diagnostic settings: $what",
      async (way) => {
        const { resources } = running.sandbox.azure;
        const settings = resources.ofType(settingType);
        expect(settings.length).toBeGreaterThan(5);
        for (const { id } of settings) resources.delete(id);
        try {
          const { "Journal of the VMs": _, ...inWorkspace } = way.shows;
          const lost = Object.values(inWorkspace).flat().length;
          expect(await missingTraces(way, scene())).toHaveLength(lost);
        } finally {
          for (const setting of settings) resources.put(setting);
        }
      },
    );
  });
