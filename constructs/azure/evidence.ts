import { MonitorDiagnosticSetting } from "@cdktf/provider-azurerm/lib/monitor-diagnostic-setting";
import { Construct } from "constructs";
import type { Environment } from "../../environments/schema";

export interface EvidenceProps {
  environment: Pick<Environment, "name" | "evidenceWorkspace">;
  /** Azure id of the logged resource, or of a subscription for its activity log. */
  of: string;
  /** Log categories that show who did what. Source: Azure Monitor, resource log categories. */
  categories: readonly string[];
}

/**
 * Sends the log of who did what to the environment's workspace, which deployers cannot delete. Without a workspace,
 * sends nothing.
 */
export class Evidence extends Construct {
  constructor(scope: Construct, id: string, { environment, of, categories }: EvidenceProps) {
    super(scope, id);
    const { name, evidenceWorkspace } = environment;
    if (evidenceWorkspace === undefined) return;
    new MonitorDiagnosticSetting(this, "setting", {
      name: `evidence-${name}`,
      targetResourceId: of,
      logAnalyticsWorkspaceId: evidenceWorkspace,
      enabledLog: categories.map((category) => ({ category })),
    });
  }
}
