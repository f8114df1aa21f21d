import { z } from "zod";
import { actionsOf, type RightScope } from "./azure-actions";
import type { Check, CheckContext } from "./check";

const permissions = z.object({
  value: z.array(
    z.object({ actions: z.array(z.string()).default([]), notActions: z.array(z.string()).default([]) }),
  ),
});

type Permissions = z.infer<typeof permissions>["value"];

/** Compares the rights that each stack's resources need with the login's rights in Azure. */
export const checkRights: Check = async (context) => {
  const held = await heldPermissions(context);
  return context.stacks.flatMap(({ name, json }) => {
    const missing = actionsOf(Object.keys(json.resource))
      .filter(({ action, scope }) => !allows(held[scope], action))
      .map(({ action }) => action);
    if (missing.length === 0) return [];
    return [
      `The stack ${name} needs rights that the login does not hold (${missing.join(", ")}). Ask an owner of the subscription to grant them (docs/deploy.md), or leave that stack to somebody who has them (--stack).`,
    ];
  });
};

/** The effective rights, including groups and inheritance. Source: Azure, Permissions - List For Resource Group. */
async function heldPermissions(context: CheckContext): Promise<Record<RightScope, Permissions>> {
  const { az, login } = context;
  const subscription = `/subscriptions/${login.subscriptionId}`;
  const at = async (scope: string): Promise<Permissions> => {
    const path = `${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
    return (await az.json(permissions, "rest", "--method", "get", "--url", path)).value;
  };
  const group = context.states.get("network")?.output("resource_group");
  const [everywhere, inGroup] = await Promise.all([
    at(subscription),
    group ? at(`${subscription}/resourcegroups/${group}`) : undefined,
  ]);
  return { subscription: everywhere, resourceGroup: inGroup ?? everywhere };
}

/** True if any role allows an action. One role may grant what another role excludes. */
function allows(held: Permissions, action: string): boolean {
  const names = (pattern: string): boolean => {
    const parts = pattern.split("*").map((part) => part.replaceAll(/[.\\^$+?()[\]{}|]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`, "i").test(action);
  };
  return held.some(({ actions, notActions }) => actions.some(names) && !notActions.some(names));
}
