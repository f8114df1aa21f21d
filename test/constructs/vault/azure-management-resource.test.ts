import { azureManagementResource } from "../../../constructs/vault/azure-management-resource";

describe("azureManagementResource", () => {
  it("is Azure's management API with its slash, for which Entra puts the Azure resource into the token", () => {
    expect(azureManagementResource).toBe("https://management.azure.com/");
  });
});
