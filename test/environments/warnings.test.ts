import { loadEnvironment } from "../../environments/load";
import { environmentWarnings, printWarnings } from "../../environments/warnings";
import { changed } from "../synthesis";

function warningsOf(change: Parameters<typeof changed>[1]): string[] {
  return environmentWarnings(changed(loadEnvironment("demo"), change)).map(
    ({ field, sentence }) => `${field}: ${sentence}`,
  );
}

/** The warnings of the unchanged demo. */
const usual = () => warningsOf(() => {});

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

  it("a Vault version with known vulnerabilities, whose checksum the project does not know", () => {
    const warnings = warningsOf(({ vault }) => {
      vault.version = "2.1.2";
    });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^vault\.version: 2\.1\.2 has known vulnerabilities that a later version fixes \(CVE-2026-92735, CVE-2026-93333, CVE-2026-93335\); write 2\.2\.2\.$/,
      ),
      expect.stringMatching(
        /^vault\.sha256: the project does not know the checksum of Vault 2\.1\.2, .*vault_2\.1\.2_SHA256SUMS \| grep linux_amd64` prints\.$/,
      ),
    ]);
  });

  it.each([
    ["2.2.2", ["Group"], 1],
    ["2.2.2", ["Group", "Group"], 1],
    ["2.2.2", ["Group", "User"], 0],
    ["2.2.2", [], 0],
    ["1.21.4", ["Group"], 0],
  ] as const)("recovery with Vault %s by %j: %i", (version, types, count) => {
    const warnings = warningsOf((environment) => {
      environment.vault.version = version;
      environment.recoveryKeyReaders = types.map((type) => ({ name: "Jo", objectId: "jo", type }));
    }).filter((warning) => !/^vault\.(version|sha256): /.test(warning));
    expect(warnings).toEqual(
      Array(count).fill(
        expect.stringMatching(/^recoveryKeyReaders: only groups .*; name at least one person\.$/),
      ),
    );
  });

  it("MySQL 8.0", () => {
    const warnings = warningsOf(({ mysql }) => {
      mysql.version = "8.0.21";
    });
    expect(warnings).toEqual([
      ...usual(),
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
      ...usual(),
      expect.stringMatching(
        /^webApps\[1\]\.paths: .* second .* also needs transit\/decrypt\/customer-key, transit\/hmac\/customer-key; add/,
      ),
    ]);
    expect(usual().filter((warning) => warning.includes("paths"))).toEqual([]);
  });

  it("and among these its database role", () => {
    const warnings = warningsOf(({ webApps: [webApp] }) => {
      if (webApp) delete webApp.databaseRole;
    });
    expect(warnings).toEqual([
      ...usual(),
      expect.stringMatching(/^webApps\[0\]\.paths: .* also needs a databaseRole; add/),
    ]);
  });
});

it("Warnings are printed with the environment's file, one in a line, to stderr", () => {
  const printed = jest.spyOn(console, "error").mockReturnValue();
  printWarnings(
    changed(loadEnvironment("demo"), ({ mysql }) => {
      mysql.version = "8.0.21";
    }),
  );
  expect(printed.mock.calls.map(([line]) => line)).toEqual([
    expect.stringMatching(/^Warning: environments\/demo\.json: vault\.sha256: the project .+\.$/),
    expect.stringMatching(/^Warning: environments\/demo\.json: mysql\.version: MySQL 8\.0\.21 .+\.$/),
  ]);
  printed.mockRestore();
});

describe("No warning is given of", () => {
  it("a Vault version whose checksum the project or the file has", () => {
    const warnings = (version: string, sha256?: string) =>
      warningsOf(({ vault }) => Object.assign(vault, { version, sha256 })).filter((warning) =>
        warning.startsWith("vault.sha256"),
      );
    expect(warnings("2.0.3")).toEqual([]);
    expect(warnings("2.2.2", "0".repeat(64))).toEqual([]);
  });

  it.each(["Standard_D2s_v5", "Standard_D2ds_v4", "Standard_D4ads_v6", "Standard_B2s_v2", "Standard_L8s_v3"])(
    "the VM size %s",
    (vmSize) => {
      const warnings = warningsOf(({ vault }) => {
        vault.vmSize = vmSize;
      });
      expect(warnings).toEqual(usual());
    },
  );

  it.each(["demo", "production"])("sizes and versions of the environment %s", (name) => {
    const fields = environmentWarnings(loadEnvironment(name)).map(({ field }) => field);
    expect(fields.filter((field) => /vmSize|mysql|ubuntu/.test(field))).toEqual([]);
  });
});
