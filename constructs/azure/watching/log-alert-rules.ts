import { MonitorScheduledQueryRulesAlertV2 } from "@cdktf/provider-azurerm/lib/monitor-scheduled-query-rules-alert-v2";
import { Construct } from "constructs";
import { resourceName } from "../resource-names";
import type { LogAlert, WatchedSystem } from "./alert";
import { logAlertsOf } from "./log-alerts";

export interface LogAlertRulesProps {
  system: WatchedSystem;
  resourceGroup: string;
  /** The workspace's region. */
  location: string;
  workspaceId: string;
  actionGroups: readonly string[];
}

/** One rule for each alert on logs. */
export class LogAlertRules extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: LogAlertRulesProps,
  ) {
    super(scope, id);
    for (const alert of logAlertsOf(props.system)) this.createRule(alert);
  }

  private createRule({ name, severity, every, window, what, cure, query }: LogAlert): void {
    const { system, resourceGroup, location, workspaceId, actionGroups } = this.props;
    new MonitorScheduledQueryRulesAlertV2(this, name, {
      name: resourceName("alert", system.environment, name),
      displayName: `Vault ${system.environment}: ${name}`,
      description: `${what} ${cure}`,
      resourceGroupName: resourceGroup,
      location,
      scopes: [workspaceId],
      severity,
      evaluationFrequency: every,
      windowDuration: window,
      criteria: [
        { query: query(system), timeAggregationMethod: "Count", operator: "GreaterThan", threshold: 0 },
      ],
      // Azure closes an alert when its state has ended. Source: Azure Monitor, stateful log alerts.
      autoMitigationEnabled: true,
      // A table without rows may not exist, such as AppServiceAuditLogs in a system without web apps.
      skipQueryValidation: true,
      action: actionGroups.length > 0 ? { actionGroups: [...actionGroups] } : undefined,
    });
  }
}
