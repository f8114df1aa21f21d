import type { Environment } from "../../environments/schema";
import type { AzureWorld } from "../azure/model/world";

/**
 * Everybody whom the environment names, once.
 * @param signedIn object id of whoever is signed in, where the environment means that person
 */
export function peopleOf(
  { deployers, recoveryKeyReaders, network }: Environment,
  signedIn: string,
): AzureWorld["people"] {
  const everybody = [...deployers, ...recoveryKeyReaders, ...network.sshAdministrators];
  const byId = new Map(
    everybody.map(({ name, objectId }) => {
      const id = objectId === "signed-in-user" ? signedIn : objectId;
      return [id, { name, objectId: id }];
    }),
  );
  return [...byId.values()];
}
