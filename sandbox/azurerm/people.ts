import { applicationIdUri } from "../../environments/deployer-login";
import type { Environment } from "../../environments/schema";
import type { AzureWorld } from "../azure/model/world";

/**
 * Returns each person of the environment once.
 * @param signedIn object id of the signed-in person, if the environment means this person
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

/** The app registration with which deployers log in to Vault. Each deployer has its app role. */
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
