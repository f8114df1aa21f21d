import type { WatchedSystem } from "../../../../constructs/azure/watching/alert";
import { logAlerts } from "../../../../constructs/azure/watching/log-alerts";
import { metricsOverTime } from "../../../../constructs/azure/watching/log-queries";
import { metricAlerts } from "../../../../constructs/azure/watching/metric-alerts";
import { harmfulActs } from "../../../../sandbox/rehearsal/traces";
import { problemsOf } from "../../../kusto/kusto-parser";

const system: WatchedSystem = {
  environment: "demo",
  nodes: ["vm-demo-vault-1", "vm-demo-vault-2"],
  vaultPrincipalId: "00000000-0000-4000-8000-000000000001",
  pipelines: ["00000000-0000-4000-8000-000000000002"],
  snapshots: true,
  certificateDays: 14,
};

describe("The table of alerts", () => {
  it.each(logAlerts)(
    "$name is a query that Microsoft's parser accepts, on columns that exist",
    ({ query }) => {
      expect([...problemsOf(query(system)), ...problemsOf(query({ ...system, pipelines: [] }))]).toEqual([]);
    },
  );

  it("has a chart of Vault's metrics that Microsoft's parser accepts", () => {
    expect(problemsOf(metricsOverTime(system))).toEqual([]);
  });

  it.each([
    ["an unknown operator", "Syslog | wherever Computer == 'x'"],
    ["an unknown column", "Syslog | where Colour == 'red'"],
    ["an unknown function", "Syslog | where isfull(Computer)"],
  ])("rejects a query with %s", (_, query) => {
    expect(problemsOf(query)).not.toEqual([]);
  });

  it("has an alert for each row of what a deployer can do, and names no other row", () => {
    const known = harmfulActs.map(({ what }) => what);
    expect(known.filter((what) => !logAlerts.some(({ way }) => way === what))).toEqual([]);
    expect(logAlerts.filter(({ way }) => way !== undefined && !known.includes(way))).toEqual([]);
  });

  it("gives each alert its own name", () => {
    const names = [...logAlerts, ...metricAlerts].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("says what to do, within the length of a rule's description", () => {
    for (const { name, what, cure } of [...logAlerts, ...metricAlerts])
      expect([name, `${what} ${cure}`.length <= 1024]).toEqual([name, true]);
  });
});
