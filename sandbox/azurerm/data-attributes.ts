import { UserError } from "../../lib/processes/user-error";
import type { ProviderValues } from "../../lib/synthesized/deployment";
import type { ObjectValue, Value } from "../../lib/synthesized/value";
import { signedInObjectId, subscriptionId, tenantId } from "./made-up-values";

/** Data sources by type: attribute -> value. */
export const dataAttributes: ProviderValues["dataSources"] = {
  azurerm_client_config: current({
    tenant_id: tenantId,
    subscription_id: subscriptionId,
    object_id: signedInObjectId,
  }),
  azurerm_subscription: current({
    id: `/subscriptions/${subscriptionId}`,
    subscription_id: subscriptionId,
    tenant_id: tenantId,
  }),
};

/** Of whoever deploys: settings would mean something else than there is. */
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
