import { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import type { Construct } from "constructs";
import { type AzureCloud, nameUnlessPublic } from "../../environments/azure-clouds";

export interface AzurermOptions {
  /** The environment's cloud. */
  cloud: AzureCloud;
  /** Resource providers to register in the subscription. The stack's deployer needs the right to do this. */
  registerResourceProviders?: readonly string[];
}

/**
 * Configures azurerm for a stack. Subscription and tenant come from the login (`ARM_SUBSCRIPTION_ID`, `az login`). A
 * destroy never purges what Key Vault can restore.
 */
export function useAzurerm(scope: Construct, { cloud, registerResourceProviders }: AzurermOptions): void {
  new AzurermProvider(scope, "azurerm", {
    environment: nameUnlessPublic(cloud, "terraform"),
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
        // Otherwise the provider also reads storage accounts through their data plane, where a deployer has no right
        // to read queues.
        storage: [{ dataPlaneAvailable: false }],
      },
    ],
    resourceProviderRegistrations: "none",
    resourceProvidersToRegister: registerResourceProviders ? [...registerResourceProviders] : undefined,
    storageUseAzuread: true,
  });
}
