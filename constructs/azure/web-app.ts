import { LinuxWebApp, type LinuxWebAppSiteConfig } from "@cdktf/provider-azurerm/lib/linux-web-app";
import { MonitorDiagnosticSetting } from "@cdktf/provider-azurerm/lib/monitor-diagnostic-setting";
import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import { NODE_MAJOR } from "../../app/node-version";
import type { NamedRange } from "../../environments/rules/network-access";
import { skipChecks } from "../terraform/checkov-skips";
import type { ApplicationMonitoring } from "./application-monitoring";
import type { WebAppLogin } from "./web-app-login";

export interface WebAppProps {
  name: string;
  resourceGroup: string;
  location: string;
  servicePlanId: string;
  /** A subnet delegated to Microsoft.Web/serverFarms. */
  subnetId: string;
  monitoring: ApplicationMonitoring;
  /** Public networks that reach the application. App Service sees no private addresses. */
  visitorRanges: readonly NamedRange[];
  /** Public networks that may deploy packages. */
  deployerRanges: readonly NamedRange[];
  /** Ids of subnets with the service endpoint Microsoft.Web that may deploy packages and try the application. */
  deployerSubnets: readonly string[];
  /** Environment variables of the application. They contain no secret. */
  settings: Record<string, string>;
  /** Requires a sign-in before each request. Without it, everyone in the visitors' ranges has access. */
  login?: WebAppLogin;
}

/** Tags with which Azure's portal finds the parts of an application. Source: azurerm issue 16569. */
const hiddenLinks = [
  "/app-insights-resource-id",
  "/app-insights-instrumentation-key",
  "/app-insights-conn-string",
];

/** Path of the health check. App Service has no account to sign in with. */
const healthCheckPath = "/healthz";

/** A Node application on App Service. It receives no secret: it has an identity, and Vault knows it. */
export class WebApp extends Construct {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  /** Principal id of the system-assigned identity. */
  readonly principalId: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: WebAppProps,
  ) {
    super(scope, id);
    const app = this.createApp();
    this.allowTelemetry(app);
    this.keepLogs(app);
    this.explainFindings(app);
    this.id = app.id;
    this.name = app.name;
    this.url = `https://${app.defaultHostname}`;
    this.principalId = app.identity.principalId;
  }

  private createApp(): LinuxWebApp {
    const { name, resourceGroup, location, servicePlanId, subnetId, login } = this.props;
    return new LinuxWebApp(this, "app", {
      name,
      resourceGroupName: resourceGroup,
      location,
      servicePlanId,
      virtualNetworkSubnetId: subnetId,
      httpsOnly: true,
      clientAffinityEnabled: false,
      // App Service uses the system-assigned identity for a token request without a client id.
      identity: login
        ? { type: "SystemAssigned, UserAssigned", identityIds: [login.identityId] }
        : { type: "SystemAssigned" },
      // The provider writes the publishing credentials into the state. Basic authentication is off, so they are
      // useless.
      ftpPublishBasicAuthenticationEnabled: false,
      webdeployPublishBasicAuthenticationEnabled: false,
      siteConfig: this.siteConfig(),
      appSettings: this.appSettings(),
      ...(login && {
        authSettingsV2: login.authSettings([healthCheckPath]),
        stickySettings: { appSettingNames: login.stickySettings },
      }),
      logs: {
        applicationLogs: { fileSystemLevel: "Information" },
        httpLogs: { fileSystem: { retentionInDays: 7, retentionInMb: 35 } },
        detailedErrorMessages: false,
        failedRequestTracing: true,
      },
      // Azure's portal and Application Insights write these tags.
      lifecycle: { ignoreChanges: hiddenLinks.map((link) => `tags["hidden-link: ${link}"]`) },
    });
  }

  private siteConfig(): LinuxWebAppSiteConfig {
    const { visitorRanges, deployerRanges, deployerSubnets } = this.props;
    return {
      alwaysOn: true,
      applicationStack: { nodeVersion: `${NODE_MAJOR}-lts` },
      appCommandLine: "node server.js",
      ftpsState: "Disabled",
      minimumTlsVersion: "1.2",
      scmMinimumTlsVersion: "1.2",
      http2Enabled: true,
      remoteDebuggingEnabled: false,
      healthCheckPath,
      healthCheckEvictionTimeInMin: 2,
      // Key Vault and MySQL recognize the application by its subnet.
      vnetRouteAllEnabled: true,
      ipRestrictionDefaultAction: "Deny",
      ipRestriction: restrictions(visitorRanges, deployerSubnets),
      scmIpRestrictionDefaultAction: "Deny",
      scmIpRestriction: restrictions(deployerRanges, deployerSubnets),
    };
  }

  private appSettings(): Record<string, string> {
    const { settings, login, monitoring } = this.props;
    return {
      ...settings,
      ...login?.settings,
      APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.connectionString,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: "Authorization=AAD",
      ApplicationInsightsAgent_EXTENSION_VERSION: "~3",
      SCM_DO_BUILD_DURING_DEPLOYMENT: "false",
      // Seconds for running requests before App Service kills the application. The default is 5.
      WEBSITES_CONTAINER_STOP_TIME_LIMIT: "30",
    };
  }

  private explainFindings(app: LinuxWebApp): void {
    skipChecks(app, {
      CKV_AZURE_17: "Visitors' browsers have no client certificate. Address ranges decide who reaches it.",
      CKV_AZURE_65: "Detailed error pages are a feature of IIS. App Service on Linux writes none.",
      CKV_AZURE_88:
        "The application stores nothing on disk. Its data is in MySQL, and its secrets are in Vault.",
      CKV_AZURE_222: "Only the environment's named ranges have access.",
      ...(this.props.login === undefined && {
        CKV_AZURE_13: "The environment requires no sign-in. Its named ranges decide who has access.",
      }),
    });
  }

  private allowTelemetry(app: LinuxWebApp): void {
    new RoleAssignment(this, "send-telemetry", {
      scope: this.props.monitoring.insightsId,
      roleDefinitionName: "Monitoring Metrics Publisher",
      principalId: app.identity.principalId,
      principalType: "ServicePrincipal",
    });
  }

  private keepLogs(app: LinuxWebApp): void {
    new MonitorDiagnosticSetting(this, "logs", {
      name: "log-analytics",
      targetResourceId: app.id,
      logAnalyticsWorkspaceId: this.props.monitoring.workspaceId,
      enabledLog: [
        "AppServiceHTTPLogs",
        "AppServiceConsoleLogs",
        "AppServiceAuditLogs",
        "AppServiceIPSecAuditLogs",
        ...(this.props.login ? ["AppServiceAuthenticationLogs"] : []),
      ].map((category) => ({ category })),
    });
  }
}

/** Rules in the order of their names. App Service replaces the whole list at once, so a number may move. */
function restrictions(ranges: readonly NamedRange[], subnets: readonly string[]) {
  const byName = [...ranges].sort((one, other) => (one.name < other.name ? -1 : 1));
  const allowed = [
    ...byName.map(({ name, cidr }) => ({ name, ipAddress: cidr })),
    ...[...subnets].sort().map((virtualNetworkSubnetId) => ({
      name: virtualNetworkSubnetId.split("/").at(-1),
      virtualNetworkSubnetId,
    })),
  ];
  return allowed.map((rule, index) => ({ ...rule, action: "Allow", priority: 100 + index }));
}
