import { UserError } from "../../../lib/processes/user-error";
import { appRoles } from "../login";
import type { Check } from "./check";

const howTo = 'docs/deploy.md, "A login of the deployers\' own"';

/** If deployers log in to Vault with an app registration: checks that Entra issues a token for it with the app role. */
export const checkDeployerLogin: Check = async ({ environment: { deployerLogin }, az }) => {
  if (!deployerLogin) return [];
  const { clientId, appRole } = deployerLogin;
  try {
    const roles = await appRoles(az, deployerLogin);
    if (roles.includes(appRole)) return [];
    return [
      `You do not have the app role ${appRole} of the app registration ${clientId} (deployerLogin), so Vault would refuse you. Ask its owner to assign it to you, and log in again with \`az login\` (${howTo}).`,
    ];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [
      `Entra issues no token for the app registration ${clientId} (deployerLogin): ${error.message} If the login is valid, set up the app registration (${howTo}).`,
    ];
  }
};
