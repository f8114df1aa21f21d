import { ApplicationInsights } from "@cdktf/provider-azurerm/lib/application-insights";
import { LogAnalyticsWorkspace } from "@cdktf/provider-azurerm/lib/log-analytics-workspace";
import { Construct } from "constructs";
import { resourceName } from "./resource-names";

export interface ApplicationMonitoringProps {
  environment: string;
  resourceGroup: string;
  location: string;
  retentionDays: number;
}

/**
 * Log Analytics and Application Insights. The provider writes their keys into the state. Local authentication is off,
 * so the keys are useless: every client needs an identity.
 */
export class ApplicationMonitoring extends Construct {
  readonly insightsId: string;
  readonly workspaceId: string;
  /** The address for telemetry. It is not a credential, because local authentication is off. */
  readonly connectionString: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ApplicationMonitoringProps,
  ) {
    super(scope, id);
    const workspace = this.createWorkspace();
    const insights = this.createInsights(workspace);
    this.insightsId = insights.id;
    this.workspaceId = workspace.id;
    this.connectionString = insights.connectionString;
  }

  private createWorkspace(): LogAnalyticsWorkspace {
    const { environment, resourceGroup, location, retentionDays } = this.props;
    return new LogAnalyticsWorkspace(this, "workspace", {
      name: resourceName("log", environment, "vault"),
      resourceGroupName: resourceGroup,
      location,
      sku: "PerGB2018",
      retentionInDays: retentionDays,
      localAuthenticationEnabled: false,
    });
  }

  private createInsights(workspace: LogAnalyticsWorkspace): ApplicationInsights {
    const { environment, resourceGroup, location } = this.props;
    const insights = new ApplicationInsights(this, "insights", {
      name: resourceName("appi", environment, "vault"),
      resourceGroupName: resourceGroup,
      location,
      workspaceId: workspace.id,
      applicationType: "Node.JS",
    });
    // The bindings only have the deprecated name, local_authentication_disabled.
    insights.addOverride("local_authentication_enabled", false);
    return insights;
  }
}
