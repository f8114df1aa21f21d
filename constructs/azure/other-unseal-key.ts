import { Construct } from "constructs";
import { namesInKeyId } from "../../environments/rules/vault-unseal-key";
import { allowWrapAndUnwrap } from "./unseal-key";

export interface OtherUnsealKeyProps {
  /** Azure id, without a version. */
  keyId: string;
  /** Principal id of Vault's identity. */
  vaultPrincipalId: string;
}

/** Another environment's key with which Vault seals itself, and Vault's right to wrap and unwrap with it. */
export class OtherUnsealKey extends Construct {
  readonly keyVaultName: string;
  readonly name: string;

  constructor(scope: Construct, id: string, { keyId, vaultPrincipalId }: OtherUnsealKeyProps) {
    super(scope, id);
    const { keyVaultName, keyName } = namesInKeyId(keyId);
    this.keyVaultName = keyVaultName;
    this.name = keyName;
    allowWrapAndUnwrap(this, keyId, vaultPrincipalId);
  }
}
