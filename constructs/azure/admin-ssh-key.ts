import { KeyVaultKey } from "@cdktf/provider-azurerm/lib/key-vault-key";
import { Construct } from "constructs";
import { skipChecks } from "../terraform/checkov-skips";

export interface AdminSshKeyProps {
  keyVaultId: string;
}

/**
 * The SSH key that Azure wants for each VM. Key Vault made it, exports only its public half and does not sign with it,
 * which would be enough to log in: people log in by Entra ID.
 */
export class AdminSshKey extends Construct {
  /** In OpenSSH's format. */
  readonly publicKey: string;

  constructor(scope: Construct, id: string, { keyVaultId }: AdminSshKeyProps) {
    super(scope, id);
    const key = new KeyVaultKey(this, "key", {
      name: "vm-admin-ssh",
      keyVaultId,
      keyType: "RSA",
      keySize: 4096,
      keyOpts: ["verify"],
    });
    skipChecks(key, {
      CKV_AZURE_40: "Nobody can sign with the key, so it opens nothing that an expiry date could close.",
      CKV_AZURE_112: "Only the public half is ever used; a private half in an HSM would guard nothing.",
    });
    this.publicKey = key.publicKeyOpenssh;
  }
}
