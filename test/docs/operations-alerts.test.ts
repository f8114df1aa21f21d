import { readFileSync } from "node:fs";
import { join } from "node:path";
import { logAlerts } from "../../constructs/azure/watching/log-alerts";
import { auditTable } from "../../constructs/azure/watching/log-collection";
import { metricAlerts } from "../../constructs/azure/watching/metric-alerts";
import { logTables } from "../kusto/log-tables";

const page = readFileSync(join(__dirname, "../../docs/operations-alerts.md"), "utf8");
const every = { PT5M: "5 minutes", PT1H: "hour" } as const;
const sign = { LessThan: "<", GreaterThan: ">" } as const;

/** Rows of the table below a heading, without head and rule. */
function rows(heading: string): string[] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const lines = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2);
}

describe("docs/operations-alerts.md", () => {
  it("has the alerts on logs as the rules have them", () => {
    expect(rows("Alerts on logs")).toEqual(
      logAlerts.map(
        (alert) =>
          `| \`${alert.name}\` | ${alert.severity} | ${every[alert.every]} | ${alert.what} | ${alert.why} | ${alert.cure} |`,
      ),
    );
  });

  it("has the alerts on metrics as the rules have them", () => {
    expect(rows("Alerts on Azure's metrics")).toEqual(
      metricAlerts.map(
        ({ name, severity, metric, aggregation, operator, threshold, what, why, cure }) =>
          `| \`${name}\` | ${severity} | \`${metric}\` ${aggregation} ${sign[operator]} ${threshold} | ${what} | ${why} | ${cure} |`,
      ),
    );
  });

  it("makes the table with the columns that the rule sends", () => {
    const columns = Object.entries(logTables[auditTable]).map(([name, type]) => `${name}=${type}`);
    const [, made = ""] = new RegExp(`--name ${auditTable} --columns (.*)\n`).exec(page) ?? [];
    expect(made.split(" ").sort()).toEqual(columns.sort());
  });
});
