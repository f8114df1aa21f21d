import { azureClouds, cloudOf, nameUnlessPublic } from "../../environments/azure-clouds";

describe("A cloud of Azure", () => {
  it("is found by its name in the Azure CLI", () => {
    expect(cloudOf({ azureCloud: "AzureChinaCloud" })).toBe(azureClouds.AzureChinaCloud);
  });

  it.each([
    ["AzureCloud", undefined, undefined],
    ["AzureUSGovernment", "usgovernment", "AzureUSGovernmentCloud"],
    ["AzureChinaCloud", "china", "AzureChinaCloud"],
  ] as const)("%s is %s for Terraform and %s for Vault", (azureCloud, terraform, vault) => {
    const cloud = cloudOf({ azureCloud });
    expect(nameUnlessPublic(cloud, "terraform")).toBe(terraform);
    expect(nameUnlessPublic(cloud, "vaultEnvironment")).toBe(vault);
  });
});
