import { logAlerts } from "../../../constructs/azure/watching/log-alerts";
import { loadEnvironment } from "../../../environments/load";
import { signedInObjectId } from "../../../sandbox/azurerm/made-up-values";
import { securityWorkspace } from "../../../sandbox/rehearsal/empty-azure";
import { harmfulActs, missingTraces, settingType, type TraceScene } from "../../../sandbox/rehearsal/traces";
import { kustoMissing } from "../../kusto/kusto-engine";
import { changed } from "../../synthesis";
import { describeUnless, vaultOrDatabaseMissing } from "../programs-there";
import { AlertScenes, watchedSystem } from "./alert-scenes";
import { useSandbox } from "./running-sandbox";
import { Workspace } from "./workspace";

const missing = [vaultOrDatabaseMissing(), kustoMissing()].filter(Boolean).join(" ");

/** docs/security.md, "What a deployer can still do". */
describeUnless(missing, "A deployer's action", () => {
  const environment = changed(loadEnvironment("demo"), (copy) => {
    copy.evidenceWorkspace = securityWorkspace;
  });
  const running = useSandbox({ environment });

  const scene = (): TraceScene => {
    const { sandbox, deployer } = running;
    const { azure, vault, agents } = sandbox;
    return { azure, environment, vault, agents, person: signedInObjectId, deployer };
  };

  beforeAll(() => {
    const { accessControl, resources } = running.sandbox.azure;
    const scope = `/subscriptions/${resources.subscriptionId}`;
    accessControl.add({ principalId: signedInObjectId, roleName: "Owner", scope });
  });

  const scenes = new AlertScenes();

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

  it("raises only the alerts of its row", () => {
    expect(scenes.firing(watchedSystem(running.sandbox, environment.name))).toEqual(scenes.expected);
  });
});
