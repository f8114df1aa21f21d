import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import type { AzureWorld } from "../azure/world";

/** Of the one subscription and tenant of a rehearsal. */
export const subscriptionId = "11111111-1111-4111-8111-111111111111";
export const tenantId = "22222222-2222-4222-8222-222222222222";

/** Object id of the person who deploys, where the environment means whoever is signed in. */
const signedIn = "00000000-0000-4000-8000-0000000000aa";

/** Somebody who joins the deployers later. */
export const newcomer = { name: "Ada", objectId: "00000000-0000-4000-8000-0000000000ad" };

/** Object id of the deployer that a rehearsal plays: the first. */
export function deployerOf({ deployers, name }: Environment): string {
  const [first] = deployers;
  if (!first) throw new UserError(`The environment ${name} names no deployer; add one to deployers.`);
  return first.objectId === "signed-in-user" ? signedIn : first.objectId;
}

/** A subscription with nothing in it, which the deployer owns; the people that the environment names. */
export function emptyWorld(
  { deployers, recoveryKeyReaders, network }: Environment,
  person: string,
): AzureWorld {
  const people = [...deployers, ...recoveryKeyReaders, ...network.sshAdministrators, newcomer].map(
    ({ name, objectId }) => ({
      name,
      objectId: objectId === "signed-in-user" ? signedIn : objectId,
    }),
  );
  return {
    tenantId,
    subscriptionId,
    identities: [],
    virtualMachines: [],
    sites: [],
    keyVaults: [],
    keys: [],
    certificates: [],
    roleDefinitions: [],
    roleAssignments: [{ principalId: person, roleName: "Owner", scope: `/subscriptions/${subscriptionId}` }],
    people: [...new Map(people.map((one) => [one.objectId, one])).values()],
  };
}
