import { KeyVaultKey } from "@cdktf/provider-azurerm/lib/key-vault-key";
import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import { skipChecks } from "../terraform/checkov-skips";
import { dependsOn } from "../terraform/depends-on";
import type { KeyVault } from "./key-vault";

export interface UnsealKeyProps {
  keyVault: Pick<KeyVault, "id" | "endpoint">;
  /** Keeps the key in a hardware security module. This needs a premium Key Vault. */
  hardware: boolean;
  /** Principal id of Vault's identity. */
  vaultPrincipalId: string;
  /** Makes Terraform refuse the deletion. Without the key, nobody can read Vault's data again. */
  protect: boolean;
}

/** The key with which Vault seals itself, and Vault's right to wrap and unwrap with it. */
export class UnsealKey extends Construct {
  readonly name: string;
  /** The newest version's modulus, base64url. It changes with a rotation, and Terraform's `version` does not. */
  readonly modulus: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: UnsealKeyProps,
  ) {
    super(scope, id);
    const { hardware, vaultPrincipalId } = props;
    const key = this.createKey();
    allowWrapAndUnwrap(this, key.resourceVersionlessId, vaultPrincipalId);
    skipChecks(key, {
      CKV_AZURE_40: "An expired key would leave Vault sealed, with no way to unseal it.",
      ...(!hardware && {
        CKV_AZURE_112:
          "The environment chose a standard Key Vault. `vault.keyVaultSku: premium` keeps the key in an HSM.",
      }),
    });
    this.name = key.name;
    this.modulus = key.n;
  }

  /** RSA, because the azurekeyvault seal wraps with RSA-OAEP-256. Source: Vault, go-kms-wrapping, azurekeyvault. */
  private createKey(): KeyVaultKey {
    const { keyVault, hardware, protect } = this.props;
    return new KeyVaultKey(this, "key", {
      dependsOn: dependsOn(keyVault.endpoint),
      name: "vault-unseal",
      keyVaultId: keyVault.id,
      keyType: hardware ? "RSA-HSM" : "RSA",
      keySize: 3072,
      keyOpts: ["wrapKey", "unwrapKey"],
      lifecycle: protect ? { preventDestroy: true } : undefined,
    });
  }
}

/**
 * Lets Vault seal itself with a key, and do nothing else with it.
 * @param keyId the key's Azure id, without a version
 */
export function allowWrapAndUnwrap(scope: Construct, keyId: string, principalId: string): void {
  new RoleAssignment(scope, "wrap-and-unwrap", {
    scope: keyId,
    roleDefinitionName: "Key Vault Crypto Service Encryption User",
    principalId,
    principalType: "ServicePrincipal",
  });
}
