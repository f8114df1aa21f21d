import type { Check } from "./check";

/**
 * Terraform takes the rights that `signed-in-user` had for those of the first deployer that the file names instead, since the file does
 * not say who that was (constructs/azure/deployer-data-access.ts). Somebody who stays must not lose rights by that.
 */
export const checkFirstDeployer: Check = ({ environment, states }) => {
  const { name, deployers } = environment;
  const [given] = states.get("network")?.existing("azurerm_role_assignment", "signed-in-user") ?? [];
  const objectId = String(given?.["principal_id"]).toLowerCase();
  const place = deployers.findIndex((deployer) => deployer.objectId.toLowerCase() === objectId);
  if (place < 1) return [];
  return [
    `environments/${name}.json: deployers: ${objectId}, for whom "signed-in-user" stood, is not the first, and would lose the rights on Key Vault during the deployment; put this deployer first, and deploy. Afterwards any order is right.`,
  ];
};
