import { Construct } from "constructs";
import { certificateDays } from "../../../environments/certificate-days";
import { seconds } from "../../../environments/duration";
import type { Environment } from "../../../environments/schema";
import type { MetricAlert, WatchedSystem } from "./alert";
import { AlertReceivers } from "./alert-receivers";
import { AlertWorkbook } from "./alert-workbook";
import { LogAlertRules } from "./log-alert-rules";
import { LogCollection } from "./log-collection";
import { MetricAlertRules } from "./metric-alert-rules";

export interface WatchingProps {
  environment: Environment;
  /** The environment's `evidenceWorkspace`. */
  workspaceId: string;
  resourceGroup: string;
  /** Names of the VMs that run Vault; at synth. */
  nodes: readonly string[];
  vaultPrincipalId: string;
}

/** Watches the system: collects its VMs' logs in the workspace, and creates alerts, their receivers and a workbook. */
export class Watching extends Construct {
  /** Azure id of the rule for VMs that send logs. */
  readonly ruleId: string;
  readonly #receivers: AlertReceivers;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: WatchingProps,
  ) {
    super(scope, id);
    const { environment, workspaceId, resourceGroup } = props;
    const location = environment.evidenceLocation ?? environment.location;
    const { name, alerts } = environment;
    this.ruleId = new LogCollection(this, "logs", {
      environment: name,
      resourceGroup,
      location,
      workspaceId,
    }).ruleId;
    this.#receivers = new AlertReceivers(this, "receivers", { environment: name, resourceGroup, alerts });
    const { actionGroups } = this.#receivers;
    const system = this.system();
    new LogAlertRules(this, "alerts", { system, resourceGroup, location, workspaceId, actionGroups });
    new AlertWorkbook(this, "workbook", { system, resourceGroup, location, workspaceId });
  }

  /** Creates alerts on the metrics of resources, in the scope of these resources. @param resources Azure ids by name */
  measure(scope: Construct, of: MetricAlert["of"], resources: Readonly<Record<string, string>>): void {
    new MetricAlertRules(scope, `${of}-alerts`, {
      environment: this.props.environment.name,
      resourceGroup: this.props.resourceGroup,
      of,
      resources,
      actionGroups: this.#receivers.actionGroups,
    });
  }

  private system(): WatchedSystem {
    const { environment, nodes, vaultPrincipalId } = this.props;
    const { tls, snapshots } = environment.vault;
    return {
      environment: environment.name,
      nodes,
      vaultPrincipalId,
      // An alert looks back two days at most.
      snapshots: snapshots.enabled && seconds(snapshots.interval) <= 86_400,
      pipelines: environment.deployers
        .filter(({ type }) => type === "ServicePrincipal")
        .map(({ objectId }) => objectId.toLowerCase())
        .sort(),
      certificateDays: certificateDays(tls),
    };
  }
}
