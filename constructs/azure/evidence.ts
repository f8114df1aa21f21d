import { MonitorDiagnosticSetting } from "@cdktf/provider-azurerm/lib/monitor-diagnostic-setting";
import { Construct } from "constructs";
import type { Environment } from "../../environments/schema";

export interface EvidenceProps {
  environment: Pick<Environment, "name" | "evidenceWorkspace">;
  /** Azure id of what is watched: a resource, or a subscription for its activity log. */
  of: string;
  /** Categories of its log that show who did what. Source: Azure Monitor, resource log categories. */
  categories: readonly string[];
}

/** Sends the log of who did what to the workspace that the environment names, which deployers may not delete; else nowhere. */
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
