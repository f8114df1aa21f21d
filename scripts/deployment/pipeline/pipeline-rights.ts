import type { Environment } from "../../../environments/schema";
import { resourcesOf, type SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import { actionsOf } from "../preflight/azure-actions";
import { readSystem } from "../system";

/** The rights that a pipeline's identities need, as the environment's synthesized stacks say. */
export interface PipelineRights {
  /** Actions that the deploying identity needs, as in a custom role. */
  readonly actions: readonly string[];
  /** Roles that every deployer has. The pipeline may assign them to anyone, including itself. */
  readonly ownRoles: readonly string[];
  /** All other roles that the stacks assign. The pipeline may assign them to anyone but itself. */
  readonly roles: readonly string[];
  /** Roles that the stack vm-reader-role defines. The pipeline may assign them to anyone but itself. */
  readonly customRoles: readonly string[];
  /** True if the stacks lock resources against deletion. */
  readonly locks: boolean;
}

/** A person applies this stack, not a pipeline: docs/pipeline.md. */
export const byPerson = "vm-reader-role";

export function pipelineRights(environment: Environment): PipelineRights {
  const stacks = readSystem(environment);
  const assigned = (some: (stack: string) => boolean) =>
    stacks
      .filter((stack) => some(stack.name))
      .flatMap((stack) => values(stack, "azurerm_role_assignment", "role_definition_name"));
  // The stack network assigns roles to the deployers only.
  const ownRoles = distinct(assigned((stack) => stack === "network"));
  return {
    actions: actions(stacks.filter(({ name }) => name !== byPerson)),
    ownRoles,
    roles: distinct(assigned((stack) => stack !== "network")).filter((role) => !ownRoles.includes(role)),
    customRoles: distinct(stacks.flatMap((stack) => values(stack, "azurerm_role_definition", "name"))),
    locks: stacks.some((stack) => resourcesOf(stack, "azurerm_management_lock").length > 0),
  };
}

/** Returns the read actions, and all actions of the stacks' resource providers. Other roles allow role assignments and locks. */
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
