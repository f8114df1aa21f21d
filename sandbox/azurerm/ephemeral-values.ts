import { z } from "zod";
import type { ProviderValues } from "../../lib/synthesized/evaluated-system";
import { readAs, type Value } from "../../lib/synthesized/value";
import { keyVaultName } from "./key-vaults";

/** The source of a value that Terraform reads at each run and never stores. */
export type EphemeralValue =
  | { ephemeral: { type: "azurerm_key_vault_secret"; keyVault: string; name: string } }
  /** The rules of random_password: length, special, min_lower and so on. */
  | { ephemeral: { type: "random_password"; [rule: string]: Value } };

const keptSecret = z.strictObject({ key_vault_id: z.string(), name: z.string() });

/** Ephemeral blocks by type, each with its attributes' values. */
export const ephemeralAttributes: ProviderValues["ephemeralResources"] = {
  azurerm_key_vault_secret: {
    value: (settings, deployment) => {
      const { key_vault_id, name } = readAs("an ephemeral azurerm_key_vault_secret", keptSecret, settings);
      const keyVault = keyVaultName(deployment, key_vault_id);
      return { ephemeral: { type: "azurerm_key_vault_secret", keyVault, name } } satisfies EphemeralValue;
    },
  },
  random_password: {
    result: (rules) => ({ ephemeral: { type: "random_password", ...rules } }) satisfies EphemeralValue,
  },
};
