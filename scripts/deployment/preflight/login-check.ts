import type { Check } from "./check";

/** Entra and Vault accept this difference in a token's times, in seconds. Source: Vault, jwt auth, default leeway. */
const allowedSkew = 60;

/** A shorter token would not last for one stack. Seconds. */
const shortestToken = 300;

/** Checks the clock, the token, and that the environment's deployers include the signed-in identity. */
export const checkLogin: Check = ({ environment, login }) => {
  const { clockSkew, expiresIn, objectId } = login;
  const problems: string[] = [];
  if (Math.abs(clockSkew) > allowedSkew) {
    const direction = clockSkew > 0 ? "ahead of" : "behind";
    problems.push(
      `This computer's clock is about ${Math.abs(Math.round(clockSkew))} s ${direction} Azure's, so Azure rejects tokens and certificates. Set it right (timedatectl set-ntp true), then \`az login\`.`,
    );
  } else if (expiresIn < shortestToken) {
    problems.push("The login to Azure has expired or will expire soon. To log in again, run `az login`.");
  }
  const named = environment.deployers.some(
    (deployer) =>
      deployer.objectId === "signed-in-user" || deployer.objectId.toLowerCase() === objectId.toLowerCase(),
  );
  if (!named) {
    problems.push(
      `You (object id ${objectId}) are not among the deployers of environments/${environment.name}.json, so Key Vault and Vault would refuse you. Add yourself, or log in as a deployer.`,
    );
  }
  return problems;
};
