import { resourceName } from "../constructs/azure/resource-names";
import { exitOnEnvironmentError } from "../environments/exit-on-environment-error";
import { loadEnvironment } from "../environments/load";
import { resourcesOf, type SynthesizedStack } from "../lib/synthesized/synthesized-folder";
import { actionsOf } from "./deployment/preflight/azure-actions";
import { readSystem } from "./deployment/system";

/**
 * `node scripts/run-bundled.cjs scripts/pipeline-rights.ts NAME`: prints the rights that a pipeline's identities need, for
 * scripts/create-pipeline-identity. It reads them out of the environment's synthesized stacks. A line is kind, tab, value:
 *   action          an action that the deploying identity needs, as in a custom role
 *   own-role        a role that deployers hold too: the pipeline may assign it to anyone, itself included
 *   role            any other role that the stacks assign: the pipeline may assign it to anyone but itself
 *   custom-role     like `role`, for a role that the stack vm-reader-role defines
 *   locks           the stacks lock resources against deletion
 *   resource-group  name of the main resource group
 */
export function main(): void {
  exitOnEnvironmentError(() => {
    const name = process.argv[2] ?? "";
    const stacks = readSystem(loadEnvironment(name));
    const assigned = (some: (stack: string) => boolean) =>
      stacks
        .filter((stack) => some(stack.name))
        .flatMap((stack) => values(stack, "azurerm_role_assignment", "role_definition_name"));
    // The stack network assigns roles to the deployers only.
    const own = distinct(assigned((stack) => stack === "network"));
    const others = distinct(assigned((stack) => stack !== "network")).filter((role) => !own.includes(role));
    print("action", actions(stacks.filter(({ name }) => name !== byPerson)));
    print("own-role", own);
    print("role", others);
    print(
      "custom-role",
      distinct(stacks.flatMap((stack) => values(stack, "azurerm_role_definition", "name"))),
    );
    print(
      "locks",
      stacks.some((stack) => resourcesOf(stack, "azurerm_management_lock").length > 0) ? ["true"] : [],
    );
    print("resource-group", [resourceName("rg", name, "vault")]);
  });
}

/** The stack that a person applies, not a pipeline: docs/pipeline.md. */
const byPerson = "vm-reader-role";

/** Reading, and every action of the resource providers in the stacks. Role assignments and locks need roles of their own. */
function actions(stacks: readonly SynthesizedStack[]): string[] {
  const needed = actionsOf(stacks.flatMap(({ json }) => Object.keys(json.resource))).map(
    ({ action }) => action,
  );
  const providers = needed.map((action) => action.split("/")[0] ?? "");
  const shared = ["Microsoft.Authorization", "Microsoft.Resources"];
  return [
    "*/read",
    "Microsoft.Resources/subscriptions/resourceGroups/*",
    ...distinct(
      providers.filter((provider) => !shared.includes(provider)).map((provider) => `${provider}/*`),
    ),
  ];
}

function values(stack: SynthesizedStack, type: string, attribute: string): string[] {
  return resourcesOf(stack, type).flatMap(({ [attribute]: value }) =>
    typeof value === "string" ? [value] : [],
  );
}

function distinct(all: readonly string[]): string[] {
  return [...new Set(all)].sort();
}

function print(kind: string, all: readonly string[]): void {
  for (const value of all) console.log(`${kind}\t${value}`);
}
