import { z } from "zod";
import type { Check } from "./check";

const providers = z.array(z.object({ namespace: z.string(), registrationState: z.string() }));

/** Checks resource providers. The stack vm-reader-role registers them. Without that stack they must be registered already. */
export const checkResourceProviders: Check = async ({ az, stacks, system }) => {
  if (stacks.some(({ name }) => name === "vm-reader-role")) return [];
  const needed = system.flatMap(({ json }) =>
    (json.provider["azurerm"] ?? []).flatMap((settings) =>
      z.array(z.string()).catch([]).parse(settings["resource_providers_to_register"]),
    ),
  );
  const query = "[].{namespace:namespace,registrationState:registrationState}";
  const known = await az.json(providers, "provider", "list", "--query", query);
  const registered = new Set(
    known
      .filter(({ registrationState }) => registrationState === "Registered")
      .map(({ namespace }) => namespace.toLowerCase()),
  );
  return needed
    .filter((namespace) => !registered.has(namespace.toLowerCase()))
    .map(
      (namespace) =>
        `The resource provider ${namespace} is not registered in the subscription. Deploy the stack vm-reader-role, or run \`az provider register --namespace ${namespace}\`.`,
    );
};
