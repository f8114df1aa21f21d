import type { Check } from "./check";

/** Entra and Vault allow a token's times to be off by this, seconds. Source: Vault, jwt auth, default leeway. */
const allowedSkew = 60;

/** Less would not last for one stack, seconds. */
const shortestToken = 300;

/** Clock, token, and whether whoever is signed in is among the environment's deployers. */
export const checkLogin: Check = ({ environment, login }) => {
  const { clockSkew, expiresIn, objectId } = login;
  const problems: string[] = [];
  if (Math.abs(clockSkew) > allowedSkew) {
    const direction = clockSkew > 0 ? "ahead of" : "behind";
    problems.push(
      `This computer's clock is about ${Math.abs(Math.round(clockSkew))} s ${direction} Azure's, so tokens and certificates are refused; set it right (timedatectl set-ntp true), then \`az login\`.`,
    );
  } else if (expiresIn < shortestToken) {
    problems.push("The login to Azure has expired or is about to; run `az login`.");
  }
  const named = environment.deployers.some(
    (deployer) =>
      deployer.objectId === "signed-in-user" || deployer.objectId.toLowerCase() === objectId.toLowerCase(),
  );
  if (!named) {
    problems.push(
      `You (object id ${objectId}) are not among the deployers of environments/${environment.name}.json, so Key Vault and Vault would refuse you; add yourself, or log in as one of them.`,
    );
  }
  return problems;
};
