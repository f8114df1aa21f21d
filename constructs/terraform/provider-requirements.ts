import type { TerraformStack } from "cdktf";

/**
 * The providers' version ranges. They replace the exact versions from which the bindings were generated.
 * - azurerm: releases before 4.81 use versions of Key Vault's control plane that Azure disables on 27 February 2027.
 * 5.0 removes arguments that the bindings emit.
 * - vault and random: minor versions accept what the bindings emit.
 */
export const requirements = {
  azurerm: { source: "hashicorp/azurerm", version: ">= 4.81.0, < 5.0.0" },
  vault: { source: "hashicorp/vault", version: "~> 5.6" },
  random: { source: "hashicorp/random", version: "~> 3.7" },
} as const;

export type ProviderName = keyof typeof requirements;

/** Write-only arguments and ephemeral values need 1.11. */
export const terraformVersion = ">= 1.11.0";

/** Sets Terraform's version and the ranges of the providers that the stack uses. */
export function requireProviders(stack: TerraformStack, providers: readonly ProviderName[]): void {
  stack.addOverride("terraform.required_version", terraformVersion);
  for (const provider of providers) {
    stack.addOverride(`terraform.required_providers.${provider}`, requirements[provider]);
  }
}
