import { UserError } from "../../../lib/processes/user-error";
import { appRoles } from "../login";
import type { Check } from "./check";

const howTo = 'docs/deploy.md, "A login of the deployers\' own"';

/** Where deployers log in to Vault by an app registration: whether Entra gives a token for it, with the app role. */
export const checkDeployerLogin: Check = async ({ environment: { deployerLogin }, az }) => {
  if (!deployerLogin) return [];
  const { clientId, appRole } = deployerLogin;
  try {
    const roles = await appRoles(az, deployerLogin);
    if (roles.includes(appRole)) return [];
    return [
      `You do not have the app role ${appRole} of the app registration ${clientId} (deployerLogin), so Vault would refuse you; have its owner assign it to you, and log in again with \`az login\` (${howTo}).`,
    ];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [
      `Entra gives no token for the app registration ${clientId} (deployerLogin): ${error.message} If the login is good, set the app registration up (${howTo}).`,
    ];
  }
};
