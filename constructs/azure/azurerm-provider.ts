import { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import type { Construct } from "constructs";

export interface AzurermOptions {
  /** Resource providers to register in the subscription; the stack's deployer then needs that right. */
  registerResourceProviders?: readonly string[];
}

/**
 * azurerm as every stack uses it: subscription and tenant come from the login (`ARM_SUBSCRIPTION_ID`, `az login`),
 * and destroying never purges what Key Vault could still restore.
 */
export function useAzurerm(scope: Construct, { registerResourceProviders }: AzurermOptions = {}): void {
  new AzurermProvider(scope, "azurerm", {
    features: [
      {
        keyVault: [
          {
            purgeSoftDeleteOnDestroy: false,
            purgeSoftDeletedCertificatesOnDestroy: false,
            purgeSoftDeletedKeysOnDestroy: false,
            purgeSoftDeletedSecretsOnDestroy: false,
          },
        ],
        // Else the provider reads storage accounts from inside too, where a deployer has no right to look at queues.
        storage: [{ dataPlaneAvailable: false }],
      },
    ],
    resourceProviderRegistrations: "none",
    resourceProvidersToRegister: registerResourceProviders ? [...registerResourceProviders] : undefined,
    storageUseAzuread: true,
  });
}
