import { z } from "zod";
import { resourcesOf } from "../../../lib/synthesized/synthesized-folder";
import { type Check, type CheckContext, newStacks } from "./check";

/** Checks names that are known before the deployment: resource groups, custom roles and workspaces of new stacks. */
export const checkNames: Check = async (context) => {
  const found = await Promise.all(
    newStacks(context)
      .filter(({ name }) => !context.unfinished.isLeftOf(name))
      .flatMap((stack) => [
        ...resourcesOf(stack, "azurerm_resource_group").map(({ name }) =>
          groupProblem(context, String(name)),
        ),
        ...resourcesOf(stack, "azurerm_role_definition").map(({ name }) =>
          roleProblem(context, String(name)),
        ),
        ...resourcesOf(stack, "azurerm_log_analytics_workspace").map(({ name }) =>
          workspaceProblem(context, String(name)),
        ),
      ]),
  );
  return found.flat();
};

async function groupProblem({ az, environment }: CheckContext, name: string): Promise<string[]> {
  if (!(await az.json(z.boolean(), "group", "exists", "--name", name))) return [];
  return [
    `The resource group ${name} exists already, but not in the state of ${environment.name}. Find the state that created it, delete the group if you need nothing in it, or give the environment another name.`,
  ];
}

/** The name of a custom role is unique in the tenant. */
async function roleProblem({ az }: CheckContext, name: string): Promise<string[]> {
  const roles = await az.json(
    z.array(z.object({ id: z.string() })),
    ...["role", "definition", "list", "--name", name, "--custom-role-only", "true"],
  );
  return roles.map(
    ({ id }) =>
      `The custom role ${name} exists already in the tenant (${id}), but not in the state. Delete it if nobody has it (\`az role definition delete\`), or give the environment another name.`,
  );
}

const deletedWorkspaces = z.array(z.object({ id: z.string(), name: z.string(), location: z.string() }));

/**
 * A deleted workspace keeps its name for 14 days. Azure restores it with its logs for the same resource group and location, and
 * rejects any other. Source: Log Analytics, REST API, Workspaces - Delete.
 */
async function workspaceProblem({ az, environment }: CheckContext, name: string): Promise<string[]> {
  const command = ["monitor", "log-analytics", "workspace"];
  const deleted = await az.json(deletedWorkspaces, ...command, "list-deleted-workspaces");
  const group = `/resourcegroups/rg-${environment.name}-vault/`;
  return deleted
    .filter((one) => one.name === name && one.id.toLowerCase().includes(group))
    .map(({ location }) => location.replaceAll(" ", "").toLowerCase())
    .filter((location) => location !== environment.location)
    .map(
      (location) =>
        `The Log Analytics workspace ${name} was deleted in ${location} less than 14 days ago, and keeps its name there. Set location to ${location}, give the environment another name, or wait.`,
    );
}
