import { applicationIdUri } from "../../environments/deployer-login";
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

/** The app registration by which deployers log in to Vault, as the directory's owner set it up: each of them has its app role. */
export function deployerApplication(
  { deployers, deployerLogin }: Environment,
  signedIn: string,
): Pick<AzureWorld, "applicationIdUris" | "appRoles"> {
  if (!deployerLogin) return {};
  const uri = applicationIdUri(deployerLogin);
  return {
    applicationIdUris: [uri],
    appRoles: deployers.map(({ objectId }) => ({
      principalId: objectId === "signed-in-user" ? signedIn : objectId,
      applicationIdUri: uri,
      role: deployerLogin.appRole,
    })),
  };
}
