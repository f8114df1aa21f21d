import { loadEnvironment } from "../../../environments/load";
import { signedInObjectId } from "../../../sandbox/azurerm/made-up-values";
import { securityWorkspace } from "../../../sandbox/rehearsal/empty-azure";
import { missingTraces, settingType, type TraceScene, ways } from "../../../sandbox/rehearsal/traces";
import { changed } from "../../synthesis";
import { describeWithVaultAndDatabase } from "../programs-there";
import { useSandbox } from "./running-sandbox";

/** docs/security.md, "What a deployer can still do". */
describeWithVaultAndDatabase("What a deployer does", () => {
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

  it.each(ways)("shows: $what", async (way) => {
    expect(await missingTraces(way, scene())).toEqual([]);
  });

  it.each(ways.filter(({ shows }) => !shows["Vault's audit log"]))(
    "shows by diagnostic settings alone: $what",
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
