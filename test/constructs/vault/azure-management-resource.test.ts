import { azureManagementResource } from "../../../constructs/vault/azure-management-resource";

describe("azureManagementResource", () => {
  it("is Azure's management API, for which Entra names the Azure resource in the token, with its slash", () => {
    expect(azureManagementResource).toBe("https://management.azure.com/");
  });
});
