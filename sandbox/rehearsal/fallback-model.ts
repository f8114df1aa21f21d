import { join } from "node:path";
import { z } from "zod";
import type { Environment } from "../../environments/schema";
import { EvaluatedSystem, type ProviderValues } from "../../lib/synthesized/evaluated-system";
import type { Azure } from "../azure/azure";
import { fill } from "../azure/model/initial-resources";
import { ResourceStore } from "../azure/model/resource-store";
import type { ArmResource } from "../azure/model/world";
import { worldOf } from "../azurerm/azure-world";
import { azurerm } from "../azurerm/provider";
import { subscriptionId, tenantId } from "./empty-azure";

const state = z.object({
  resources: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      instances: z.array(z.object({ attributes: z.looseObject({ result: z.string().optional() }) })),
    }),
  ),
});

/**
 * The resources that the fallback (sandbox/azurerm) creates from the deployed stacks. It uses the same random names and the same
 * person, so that the result is comparable.
 * @param project a project whose `cdktf.out` belongs to the deployment
 * @param states output of `terraform state pull` by stack
 */
export function fallbackModel(
  project: string,
  environment: Environment,
  { azure, person, states }: { azure: Azure; person: string; states: ReadonlyMap<string, string> },
): ArmResource[] {
  const values = azurerm((keyVault, name) => azure.keyVault(keyVault).certificate(name), {
    tenantId,
    subscriptionId,
    objectId: person,
  });
  const provider: ProviderValues = {
    ...values,
    resources: {
      ...values.resources,
      random_string: { result: ({ stack, id }) => randomString(states.get(stack.name), id) },
    },
  };
  const folder = join(project, "cdktf.out");
  const store = new ResourceStore(tenantId, subscriptionId);
  fill(store, worldOf(EvaluatedSystem.load(folder, provider), environment, folder));
  return store.all;
}

/** The random string in a stack's state. */
function randomString(text: string | undefined, id: string): string {
  const { resources } = text?.trim() ? state.parse(JSON.parse(text)) : { resources: [] };
  const found = resources.find(({ type, name }) => type === "random_string" && name === id);
  return found?.instances[0]?.attributes.result ?? "";
}
