import { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { VaultProvider } from "@cdktf/provider-vault/lib/provider";
import { type ProviderName, requireProviders } from "../../../constructs/terraform/provider-requirements";
import { asObject, synthesizeConstructs } from "../../synthesis";

function terraformOf(...providers: ProviderName[]) {
  const stack = synthesizeConstructs((scope) => {
    new AzurermProvider(scope, "azurerm", { features: [{}] });
    if (providers.includes("vault")) new VaultProvider(scope, "vault", { address: "https://vault" });
    if (providers.includes("random")) new RandomProvider(scope, "random");
    requireProviders(scope, providers);
  });
  return asObject(stack.json["terraform"]);
}

describe("requireProviders", () => {
  it("replaces the bindings' exact versions with ranges and full sources", () => {
    expect(terraformOf("azurerm", "vault", "random")["required_providers"]).toEqual({
      azurerm: { source: "hashicorp/azurerm", version: ">= 4.81.0, < 5.0.0" },
      vault: { source: "hashicorp/vault", version: "~> 5.6" },
      random: { source: "hashicorp/random", version: "~> 3.7" },
    });
  });

  it("requires only the providers that a stack uses", () => {
    expect(Object.keys(asObject(terraformOf("azurerm")["required_providers"]))).toEqual(["azurerm"]);
  });

  it("requires a Terraform with ephemeral values and write-only arguments", () => {
    expect(terraformOf("azurerm")["required_version"]).toBe(">= 1.11.0");
  });
});
