import { KeyVaultKey } from "@cdktf/provider-azurerm/lib/key-vault-key";
import { Construct } from "constructs";

export interface AdminSshKeyProps {
  keyVaultId: string;
}

/**
 * The SSH key that Azure wants for each VM. Key Vault made it and exports only its public half, so nobody can log in
 * with it: people log in by Entra ID.
 */
export class AdminSshKey extends Construct {
  /** In OpenSSH's format. */
  readonly publicKey: string;

  constructor(scope: Construct, id: string, { keyVaultId }: AdminSshKeyProps) {
    super(scope, id);
    this.publicKey = new KeyVaultKey(this, "key", {
      name: "vm-admin-ssh",
      keyVaultId,
      keyType: "RSA",
      keySize: 4096,
      keyOpts: ["sign", "verify"],
    }).publicKeyOpenssh;
  }
}
