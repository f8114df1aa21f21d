import { createHash } from "node:crypto";
import { ApplicationInsightsWorkbook } from "@cdktf/provider-azurerm/lib/application-insights-workbook";
import { Construct } from "constructs";
import type { LogAlert, WatchedSystem } from "./alert";
import { logAlertsOf } from "./log-alerts";
import { metricsOverTime } from "./log-queries";

export interface AlertWorkbookProps {
  system: WatchedSystem;
  resourceGroup: string;
  location: string;
  workspaceId: string;
}

/** A page in Azure's portal with Vault's metrics, and each alert's current finding, its importance and the cure. */
export class AlertWorkbook extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: AlertWorkbookProps,
  ) {
    super(scope, id);
    this.createWorkbook();
  }

  private createWorkbook(): void {
    const { system, resourceGroup, location, workspaceId } = this.props;
    new ApplicationInsightsWorkbook(this, "workbook", {
      name: guid(`vault ${system.environment}`),
      displayName: `Vault ${system.environment}`,
      resourceGroupName: resourceGroup,
      location,
      // Azure shows the workbook with the workspace. The provider accepts only lower case here.
      sourceId: workspaceId.toLowerCase(),
      dataJson: JSON.stringify({
        version: "Notebook/1.0",
        items: [
          this.chart(),
          ...logAlertsOf(system).flatMap((alert) => [this.explain(alert), this.show(alert)]),
        ],
      }),
    });
  }

  private explain({ name, what, why, cure }: LogAlert): object {
    return { type: 1, name: `${name}-text`, content: { json: `### ${name}\n${what} ${why}\n\n${cure}` } };
  }

  private show({ name, query, window }: LogAlert): object {
    return this.result(name, query(this.props.system), window, { noDataMessageStyle: 3 });
  }

  private chart(): object {
    const query = metricsOverTime(this.props.system);
    return this.result("metrics", query, "P2D", { title: "Vault's metrics", visualization: "linechart" });
  }

  private result(name: string, query: string, window: LogAlert["window"], look: object): object {
    return {
      type: 3,
      name,
      content: {
        version: "KqlItem/1.0",
        query,
        size: 1,
        timeContext: { durationMs: milliseconds[window] },
        noDataMessage: "Nothing.",
        queryType: 0,
        resourceType: "microsoft.operationalinsights/workspaces",
        crossComponentResources: [this.props.workspaceId],
        ...look,
      },
    };
  }
}

const minute = 60_000;

const milliseconds: Readonly<Record<LogAlert["window"], number>> = {
  PT5M: 5 * minute,
  PT15M: 15 * minute,
  PT1H: 60 * minute,
  P2D: 2 * 24 * 60 * minute,
};

/** Returns a GUID for a workbook's name, always the same one for the same text. */
function guid(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
