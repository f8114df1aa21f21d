import { MonitorActionGroup } from "@cdktf/provider-azurerm/lib/monitor-action-group";
import { Construct } from "constructs";
import type { Environment } from "../../../environments/schema";
import { resourceName } from "../resource-names";

export interface AlertReceiversProps {
  environment: string;
  resourceGroup: string;
  alerts: Environment["alerts"];
}

/** The receivers of alerts: the environment's mail addresses, and action groups that somebody else maintains. */
export class AlertReceivers extends Construct {
  /** Azure ids of the action groups. Empty if the environment names no receivers. */
  readonly actionGroups: readonly string[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: AlertReceiversProps,
  ) {
    super(scope, id);
    const { emails, actionGroups } = props.alerts;
    this.actionGroups = [...(emails.length > 0 ? [this.createActionGroup().id] : []), ...actionGroups];
  }

  private createActionGroup(): MonitorActionGroup {
    const { environment, resourceGroup, alerts } = this.props;
    return new MonitorActionGroup(this, "mail", {
      name: resourceName("ag", environment, "vault"),
      resourceGroupName: resourceGroup,
      // Messages begin with this name. It may have 12 characters.
      shortName: `vault-${environment}`.slice(0, 12),
      emailReceiver: alerts.emails.map(({ name, address }) => ({
        name,
        emailAddress: address,
        useCommonAlertSchema: true,
      })),
    });
  }
}
