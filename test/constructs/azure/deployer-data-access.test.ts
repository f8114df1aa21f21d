import { DeployerDataAccess } from "../../../constructs/azure/deployer-data-access";
import type { Deployer } from "../../../environments/rules/people";
import { synthesizeConstructs } from "../../synthesis";

const stackOf = (...deployers: Deployer[]) =>
  synthesizeConstructs(
    (scope) =>
      new DeployerDataAccess(scope, "access", {
        deployers,
        signedInObjectId: "signed-in",
        resourceGroupId: "/rg",
      }),
  );

function grants(...deployers: Deployer[]) {
  return stackOf(...deployers)
    .resources("azurerm_role_assignment")
    .map(({ attributes }) => attributes);
}

const pipeline: Deployer = { name: "Pipeline", objectId: "pipeline", type: "ServicePrincipal" };
const person: Deployer = { name: "Person", objectId: "person", type: "User" };

describe("DeployerDataAccess", () => {
  it("lets a deployer create keys, certificates and secrets and push packages, only in that resource group", () => {
    expect(grants(pipeline)).toEqual(
      [
        "Key Vault Certificates Officer",
        "Key Vault Crypto Officer",
        "Key Vault Secrets Officer",
        "Storage Blob Data Contributor",
      ].map((role) => ({
        role_definition_name: role,
        principal_id: "pipeline",
        principal_type: "ServicePrincipal",
        scope: "/rg",
      })),
    );
  });

  it("names each deployer's type of principal", () => {
    const kinds = grants(pipeline, person).map((grant) => [grant["principal_id"], grant["principal_type"]]);
    expect(new Set(kinds.map(String))).toEqual(new Set(["pipeline,ServicePrincipal", "person,User"]));
    expect(kinds).toHaveLength(8);
  });

  it("lets Azure find the signed-in principal's type", () => {
    const all = grants({ ...person, objectId: "signed-in-user" });
    expect(all).toHaveLength(4);
    for (const grant of all) {
      expect(grant).toMatchObject({ principal_id: "signed-in" });
      expect(grant).not.toHaveProperty("principal_type");
    }
  });

  it("keeps the rights of a lone signed-in deployer, who is named when others join", () => {
    const address = (stack: ReturnType<typeof stackOf>, role: string) =>
      stack.resources("azurerm_role_assignment").find(({ id }) => id.includes(role))?.id;
    const alone = address(stackOf({ ...person, objectId: "signed-in-user" }), "crypto-officer");
    const beside = stackOf(person, pipeline);
    const moved = beside.json["moved"] as { from: string; to: string }[];
    expect(moved).toContainEqual({
      from: `azurerm_role_assignment.${alone}`,
      to: `azurerm_role_assignment.${address(beside, "crypto-officer")}`,
    });
    // Terraform does not move two resources to one place.
    expect(new Set(moved.map(({ to }) => to)).size).toBe(moved.length);
  });
});
