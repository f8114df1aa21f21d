import type { Construct } from "constructs";
import { EphemeralResource } from "../terraform/ephemeral-resource";

export interface KeptPasswordProps {
  keyVaultId: string;
  secretName: string;
}

/** A Key Vault secret as an ephemeral value, for write-only arguments. It is in no state. */
export class KeptPassword extends EphemeralResource {
  /** Reference to the secret's value. */
  readonly value: string;

  constructor(scope: Construct, id: string, { keyVaultId, secretName }: KeptPasswordProps) {
    super(scope, id, {
      type: "azurerm_key_vault_secret",
      arguments: { key_vault_id: keyVaultId, name: secretName },
    });
    this.value = this.attribute("value");
  }
}
