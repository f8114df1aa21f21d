import { useAzurerm } from "../../../constructs/azure/azurerm-provider";
import { azureClouds } from "../../../environments/azure-clouds";
import { asObject, synthesizeConstructs } from "../../synthesis";

const cloud = azureClouds.AzureCloud;

function provider(build: Parameters<typeof synthesizeConstructs>[0]) {
  const [azurerm] = asObject(synthesizeConstructs(build).json["provider"])["azurerm"] as unknown[];
  return asObject(azurerm);
}

describe("useAzurerm", () => {
  it("takes tenant, subscription and login from the deployer, and names none itself", () => {
    expect(Object.keys(provider((scope) => useAzurerm(scope, { cloud }))).sort()).toEqual([
      "features",
      "resource_provider_registrations",
      "storage_use_azuread",
    ]);
  });

  it("never purges what Key Vault can restore", () => {
    expect(provider((scope) => useAzurerm(scope, { cloud }))["features"]).toMatchObject([
      {
        key_vault: [
          {
            purge_soft_delete_on_destroy: false,
            purge_soft_deleted_certificates_on_destroy: false,
            purge_soft_deleted_keys_on_destroy: false,
            purge_soft_deleted_secrets_on_destroy: false,
          },
        ],
      },
    ]);
  });

  it("registers resource providers, a right on the subscription, only for the stack with that task", () => {
    expect(provider((scope) => useAzurerm(scope, { cloud }))).toMatchObject({
      resource_provider_registrations: "none",
    });
    const registering = provider((scope) =>
      useAzurerm(scope, { cloud, registerResourceProviders: ["Microsoft.Web"] }),
    );
    expect(registering).toMatchObject({
      resource_provider_registrations: "none",
      resource_providers_to_register: ["Microsoft.Web"],
    });
  });
});
