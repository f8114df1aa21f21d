import { MonitorMetricAlert } from "@cdktf/provider-azurerm/lib/monitor-metric-alert";
import { Construct } from "constructs";
import { resourceName } from "../resource-names";
import type { MetricAlert } from "./alert";
import { metricAlerts } from "./metric-alerts";

export interface MetricAlertRulesProps {
  environment: string;
  resourceGroup: string;
  /** The kind of the watched resources. */
  of: MetricAlert["of"];
  /** Azure ids of the watched resources, by name. */
  resources: Readonly<Record<string, string>>;
  actionGroups: readonly string[];
}

/** One rule for each alert on the metrics of some resources. */
export class MetricAlertRules extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: MetricAlertRulesProps,
  ) {
    super(scope, id);
    const { of, resources } = props;
    const several = Object.keys(resources).length > 1;
    for (const alert of metricAlerts.filter((one) => one.of === of))
      for (const [name, resource] of Object.entries(resources))
        this.createRule(alert, several ? `${alert.name}-${name}` : alert.name, resource);
  }

  private createRule(alert: MetricAlert, name: string, resource: string): void {
    const { environment, resourceGroup, actionGroups } = this.props;
    const { severity, what, cure, namespace, metric, aggregation, operator, threshold } = alert;
    new MonitorMetricAlert(this, name, {
      name: resourceName("alert", environment, name),
      description: `${what} ${cure}`,
      resourceGroupName: resourceGroup,
      scopes: [resource],
      severity,
      frequency: "PT1M",
      windowSize: "PT5M",
      criteria: [{ metricNamespace: namespace, metricName: metric, aggregation, operator, threshold }],
      action: actionGroups.map((actionGroupId) => ({ actionGroupId })),
    });
  }
}
