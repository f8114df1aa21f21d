import { MonitorActionGroup } from "@cdktf/provider-azurerm/lib/monitor-action-group";
import { Construct } from "constructs";
import type { Environment } from "../../../environments/schema";
import { resourceName } from "../resource-names";

export interface AlertReceiversProps {
  environment: string;
  resourceGroup: string;
  alerts: Environment["alerts"];
}

/** Who hears of an alert: the mail addresses of the environment, and action groups that somebody else keeps. */
export class AlertReceivers extends Construct {
  /** Azure ids of the action groups; none where the environment names nobody. */
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
      // At most 12 characters, which messages begin with.
      shortName: `vault-${environment}`.slice(0, 12),
      emailReceiver: alerts.emails.map(({ name, address }) => ({
        name,
        emailAddress: address,
        useCommonAlertSchema: true,
      })),
    });
  }
}
