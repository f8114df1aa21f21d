import { MonitorDataCollectionEndpoint } from "@cdktf/provider-azurerm/lib/monitor-data-collection-endpoint";
import { MonitorDataCollectionRule } from "@cdktf/provider-azurerm/lib/monitor-data-collection-rule";
import { Construct } from "constructs";
import { resourceName } from "../resource-names";

export interface LogCollectionProps {
  environment: string;
  resourceGroup: string;
  /** The workspace's region, which Azure requires for the rule and the endpoint, too. */
  location: string;
  /** Azure id of the Log Analytics workspace. */
  workspaceId: string;
}

/** The workspace's table of Vault's audit log. `RawData` contains a line as Vault wrote it. */
export const auditTable = "VaultAudit_CL";

const auditStream = `Custom-${auditTable}`;
const journalStream = "Microsoft-Syslog";

const auditColumns = {
  streamName: auditStream,
  column: [
    { name: "TimeGenerated", type: "datetime" },
    { name: "RawData", type: "string" },
    { name: "Computer", type: "string" },
    { name: "FilePath", type: "string" },
  ],
};

/** The log of first boot's audit device, which no deployer can change. */
const auditLog = "/var/log/vault/first-boot-audit.log";

/**
 * The logs that Azure Monitor Agent collects on the VMs: Vault's audit log, and the journal of services and logins. This does not create
 * the table, because its creator could delete it, and deployers must not be able to delete evidence.
 */
export class LogCollection extends Construct {
  readonly ruleId: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: LogCollectionProps,
  ) {
    super(scope, id);
    this.ruleId = this.createRule(this.createEndpoint()).id;
  }

  /** Azure accepts text logs only through an endpoint. Source: Azure Monitor, data collection endpoints. */
  private createEndpoint(): MonitorDataCollectionEndpoint {
    const { environment, resourceGroup, location } = this.props;
    return new MonitorDataCollectionEndpoint(this, "endpoint", {
      name: resourceName("dce", environment, "vault"),
      resourceGroupName: resourceGroup,
      location,
      kind: "Linux",
    });
  }

  private createRule(endpoint: MonitorDataCollectionEndpoint): MonitorDataCollectionRule {
    const { environment, resourceGroup, location, workspaceId } = this.props;
    return new MonitorDataCollectionRule(this, "rule", {
      name: resourceName("dcr", environment, "vault"),
      resourceGroupName: resourceGroup,
      location,
      kind: "Linux",
      dataCollectionEndpointId: endpoint.id,
      streamDeclaration: [auditColumns],
      dataSources: {
        logFile: [
          {
            name: "vault-audit",
            streams: [auditStream],
            filePatterns: [auditLog],
            format: "text",
            settings: { text: { recordStartTimestampFormat: "ISO 8601" } },
          },
        ],
        syslog: [
          {
            name: "journal",
            streams: [journalStream],
            facilityNames: ["auth", "authpriv", "daemon", "kern"],
            logLevels: ["Info", "Notice", "Warning", "Error", "Critical", "Alert", "Emergency"],
          },
        ],
      },
      destinations: { logAnalytics: [{ name: "evidence", workspaceResourceId: workspaceId }] },
      dataFlow: [
        {
          streams: [auditStream],
          destinations: ["evidence"],
          outputStream: auditStream,
          transformKql: "source",
        },
        { streams: [journalStream], destinations: ["evidence"] },
      ],
    });
  }
}
