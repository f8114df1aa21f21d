import { loadEnvironment } from "../../environments/load";
import { environmentWarnings } from "../../environments/warnings";
import { changed } from "../synthesis";

function warningsOf(change: Parameters<typeof changed>[1]): string[] {
  return environmentWarnings(changed(loadEnvironment("demo"), change)).map(
    ({ field, sentence }) => `${field}: ${sentence}`,
  );
}

/** The warnings of the unchanged demo. */
const usual = warningsOf(() => {});

describe("A warning is given of", () => {
  it.each(["Standard_D2s_v3", "Standard_DS2_v2", "Standard_B2ms", "Standard_F4s_v2", "Standard_E4-2s_v4"])(
    "the VM size %s, whose series ends",
    (vmSize) => {
      const warnings = warningsOf(({ vault, agentVms: [agents] }) => {
        vault.vmSize = vmSize;
        if (agents) agents.vmSize = vmSize;
      });
      expect(warnings.filter((warning) => warning.includes(`mSize: ${vmSize} is of a series`))).toEqual([
        expect.stringMatching(/^vault\.vmSize: .*write a size such as Standard_D2s_v5/),
        expect.stringMatching(/^agentVms\[0\]\.vmSize: /),
      ]);
    },
  );

  it("MySQL 8.0", () => {
    const warnings = warningsOf(({ mysql }) => {
      mysql.version = "8.0.21";
    });
    expect(warnings).toEqual([
      ...usual,
      expect.stringMatching(/^mysql\.version: MySQL 8\.0\.21 .*; write 8\.4/),
    ]);
  });
});

describe("A workload whose application cannot work", () => {
  it("causes a warning with the missing rights", () => {
    const warnings = warningsOf(({ webApps }) => {
      const [webApp] = webApps;
      if (webApp) webApps.push({ ...webApp, name: "second", paths: ["transit/encrypt/customer-key"] });
    });
    expect(warnings).toEqual([
      ...usual,
      expect.stringMatching(
        /^webApps\[1\]\.paths: .* second .* also needs transit\/decrypt\/customer-key, transit\/hmac\/customer-key; add/,
      ),
    ]);
    expect(usual.filter((warning) => warning.includes("paths"))).toEqual([]);
  });
});

describe("No warning is given of", () => {
  it.each(["Standard_D2s_v5", "Standard_D2ds_v4", "Standard_D4ads_v6", "Standard_B2s_v2", "Standard_L8s_v3"])(
    "the VM size %s",
    (vmSize) => {
      const warnings = warningsOf(({ vault }) => {
        vault.vmSize = vmSize;
      });
      expect(warnings).toEqual(usual);
    },
  );

  it.each(["demo", "production"])("sizes and versions of the environment %s", (name) => {
    const fields = environmentWarnings(loadEnvironment(name)).map(({ field }) => field);
    expect(fields.filter((field) => /vmSize|mysql|ubuntu/.test(field))).toEqual([]);
  });
});
