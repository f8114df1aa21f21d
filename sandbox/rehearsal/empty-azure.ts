import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import { type AzureWorld, emptyWorld } from "../azure/model/world";
import { peopleOf } from "../azurerm/people";

/** The one subscription and tenant of a rehearsal. */
export const subscriptionId = "11111111-1111-4111-8111-111111111111";
export const tenantId = "22222222-2222-4222-8222-222222222222";

/** Azure id of the security team's Log Analytics workspace. */
export const securityWorkspace = `/subscriptions/${subscriptionId}/resourceGroups/rg-security/providers/Microsoft.OperationalInsights/workspaces/log-security`;

/** Object id of the person who deploys, if the environment says signed-in-user. */
const signedIn = "00000000-0000-4000-8000-0000000000aa";

/** A person who joins the deployers later. */
export const newcomer = { name: "Ada", objectId: "00000000-0000-4000-8000-0000000000ad" };

/** A person who joins the recovery key readers later. */
export const newReader = { name: "Grace", objectId: "00000000-0000-4000-8000-0000000000ae" };

/** Object id of the deployer in a rehearsal: the first person, or the first pipeline if no person deploys. */
export function deployerOf({ deployers, name }: Environment): string {
  const first = deployers.find(({ type }) => type === "User") ?? deployers[0];
  if (!first) throw new UserError(`The environment ${name} names no deployer. Add one to deployers.`);
  return first.objectId === "signed-in-user" ? signedIn : first.objectId;
}

/**
 * A subscription that the deployer owns. It contains only the storage account for the state, if the environment has one. The tenant
 * has the people that the environment names.
 */
export function azureBefore(environment: Environment, person: string): AzureWorld {
  const { state } = environment;
  const subscription = `/subscriptions/${subscriptionId}`;
  const store =
    state.backend === "azurerm"
      ? {
          name: state.storageAccount,
          resourceId: `${subscription}/resourceGroups/${state.resourceGroup}/providers/Microsoft.Storage/storageAccounts/${state.storageAccount}`,
          blobs: [],
        }
      : undefined;
  return {
    ...emptyWorld(tenantId, subscriptionId),
    storageAccounts: store && [store],
    roleAssignments: [
      { principalId: person, roleName: "Owner", scope: subscription },
      // scripts/create-state-store assigns this.
      ...(store
        ? [{ principalId: person, roleName: "Storage Blob Data Contributor", scope: store.resourceId }]
        : []),
    ],
    people: [...peopleOf(environment, signedIn), newcomer, newReader],
  };
}
