import type { Check } from "./check";

/**
 * When names replace `signed-in-user`, Terraform passes its rights to the first deployer, because the file does not name the person
 * (constructs/azure/deployer-data-access.ts). A person who remains a deployer must not lose these rights.
 */
export const checkFirstDeployer: Check = ({ environment, states }) => {
  const { name, deployers } = environment;
  const [given] = states.get("network")?.existing("azurerm_role_assignment", "signed-in-user") ?? [];
  const objectId = String(given?.["principal_id"]).toLowerCase();
  const place = deployers.findIndex((deployer) => deployer.objectId.toLowerCase() === objectId);
  if (place < 1) return [];
  return [
    `environments/${name}.json: deployers: "signed-in-user" was ${objectId}, who is not the first in the list and would lose the rights on Key Vault during the deployment. Put this deployer first, and deploy. After that, any order works.`,
  ];
};
