import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { UserError } from "../../../lib/processes/user-error";
import { DeadlineError, waitFor } from "../../../lib/processes/wait-for";
import type { AzureSetup } from "./azure-setup";

const definitions = z.array(
  z.object({
    name: z.string(),
    permissions: z.array(z.object({ actions: z.array(z.string()).nullish() })).default([]),
  }),
);

/** Azure lists a new role within minutes. */
const seconds = 300;

/** The definition of a role, by the name that people see. Undefined while Azure does not list it. */
async function find(azure: AzureSetup, role: string) {
  const list = ["role", "definition", "list", "--name", role];
  const [found] = await azure.read(`look up the role ${role}`, definitions, ...list);
  return found;
}

/** The id of a role, by the name that people see. Undefined while Azure does not list it. */
export async function roleId(azure: AzureSetup, role: string): Promise<string | undefined> {
  return (await find(azure, role))?.name;
}

/**
 * Defines a custom role with exactly these actions in the subscription, and waits until Azure lists it. Azure accepts no assignment before
 * that.
 */
export async function ensureCustomRole(
  azure: AzureSetup,
  role: string,
  description: string,
  actions: readonly string[],
): Promise<void> {
  const found = await find(azure, role);
  const known = found?.permissions[0]?.actions ?? [];
  if (isDeepStrictEqual([...known].sort(), [...actions].sort())) {
    azure.say(`  the role ${role} is already defined`);
    return;
  }
  const definition = {
    Name: role,
    IsCustom: true,
    Description: description,
    Actions: actions,
    AssignableScopes: [`/subscriptions/${azure.subscriptionId}`],
  };
  const option = ["--role-definition", JSON.stringify(definition)];
  await azure.change(`define the role ${role}`, "role", "definition", found ? "update" : "create", ...option);
  azure.say(`  defined the role ${role}`);
  await untilListed(azure, role);
}

async function untilListed(azure: AzureSetup, role: string): Promise<void> {
  if (await roleId(azure, role)) return;
  azure.say(`  waiting for Azure to list the role ${role} ...`);
  const options = { deadlineMs: seconds * 1000, intervalMs: 1000, abort: azure.interrupted };
  await waitFor(`Azure to list the new role ${role}`, () => roleId(azure, role), options).catch((error) => {
    if (!(error instanceof DeadlineError)) throw error;
    throw new UserError(`${error.message} Run the script again. It continues where it stopped.`);
  });
}
