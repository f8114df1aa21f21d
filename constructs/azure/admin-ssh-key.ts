import { KeyVaultKey } from "@cdktf/provider-azurerm/lib/key-vault-key";
import { Construct } from "constructs";
import { skipChecks } from "../terraform/checkov-skips";
import { dependsOn } from "../terraform/depends-on";
import type { KeyVault } from "./key-vault";

export interface AdminSshKeyProps {
  keyVault: Pick<KeyVault, "id" | "endpoint">;
}

/**
 * The SSH key that Azure requires for each VM. Key Vault creates it and exports only its public half. Nobody may sign
 * with it, because a signature is enough to log in. People log in with Entra ID.
 */
export class AdminSshKey extends Construct {
  /** The public key in OpenSSH's format. */
  readonly publicKey: string;

  constructor(scope: Construct, id: string, { keyVault }: AdminSshKeyProps) {
    super(scope, id);
    const key = new KeyVaultKey(this, "key", {
      dependsOn: dependsOn(keyVault.endpoint),
      name: "vm-admin-ssh",
      keyVaultId: keyVault.id,
      keyType: "RSA",
      keySize: 4096,
      keyOpts: ["verify"],
    });
    skipChecks(key, {
      CKV_AZURE_40: "Nobody can sign with the key, so it gives no access that an expiry date could end.",
      CKV_AZURE_112:
        "Only the public half is ever used, so an HSM for the private half would protect nothing.",
    });
    this.publicKey = key.publicKeyOpenssh;
  }
}
