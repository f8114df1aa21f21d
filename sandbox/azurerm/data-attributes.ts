import { UserError } from "../../lib/processes/user-error";
import type { ProviderValues } from "../../lib/synthesized/evaluated-system";
import type { ObjectValue, Value } from "../../lib/synthesized/value";

/** The deployer, tenant and subscription. */
export interface DeployingLogin {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly objectId: string;
}

/** Data sources by type, each with its attributes' values. */
export const dataAttributes = ({
  tenantId,
  subscriptionId,
  objectId,
}: DeployingLogin): ProviderValues["dataSources"] => ({
  azurerm_client_config: current({
    tenant_id: tenantId,
    subscription_id: subscriptionId,
    object_id: objectId,
  }),
  azurerm_subscription: current({
    id: `/subscriptions/${subscriptionId}`,
    subscription_id: subscriptionId,
    tenant_id: tenantId,
  }),
});

/** Data about the deployer. A data source with settings would mean another one. */
function current(attributes: Record<string, Value>): Record<string, (settings: ObjectValue) => Value> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      (settings) => {
        if (Object.keys(settings).length === 0) return value;
        throw new UserError(
          `The sandbox has one tenant and one subscription and cannot look up another: ${JSON.stringify(settings)}.`,
        );
      },
    ]),
  );
}
