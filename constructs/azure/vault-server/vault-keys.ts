import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { AdminSshKey } from "../admin-ssh-key";
import { EnterpriseLicense } from "../enterprise-license";
import type { KeyVault } from "../key-vault";
import { OtherUnsealKey } from "../other-unseal-key";
import { RecoveryKeys } from "../recovery-keys";
import { TlsCertificate } from "../tls-certificate";
import { UnsealKey } from "../unseal-key";
import { RecoveryKeyVault } from "./recovery-key-vault";
import type { VaultHosts } from "./vault-hosts";
import { VaultKeyVault } from "./vault-key-vault";
import type { VaultServerProps } from "./vault-server-props";

export interface VaultKeysProps extends VaultServerProps {
  hosts: VaultHosts;
  /** Vault's public DNS name, if it has one. */
  publicName?: string;
  /** Azure id of the custom role that can set a secret but not read it. */
  recoveryKeyWriterRoleId: string;
}

/** The key with which Vault seals itself. */
export interface Seal {
  readonly keyVaultName: string;
  readonly name: string;
  /** Undefined for another environment's key, whose rotation is that environment's. */
  readonly modulus?: string;
}

/** Everything that Vault's server has in Key Vault, with Vault's rights to it. */
export class VaultKeys {
  readonly keyVault: KeyVault;
  readonly seal: Seal;
  readonly certificate: TlsCertificate;
  readonly recoveryKeys: RecoveryKeys;
  /** Only in the Enterprise edition. */
  readonly license?: EnterpriseLicense;
  readonly sshKey: AdminSshKey;
  /** Private endpoints of both Key Vaults, if there are any. */
  readonly endpoints: readonly (ITerraformDependable | undefined)[];

  constructor(scope: Construct, props: VaultKeysProps) {
    const { environment, vaultPrincipalId } = props;
    const { vault, protectData, recoveryKeyReaders } = environment;
    const keyVault = new VaultKeyVault(scope, "key-vault", props);
    this.keyVault = keyVault;
    const unsealKey = new UnsealKey(scope, "unseal-key", {
      keyVault,
      hardware: vault.keyVaultSku === "premium",
      vaultPrincipalId,
      protect: protectData,
    });
    this.seal =
      vault.unsealKey === undefined
        ? { keyVaultName: keyVault.name, name: unsealKey.name, modulus: unsealKey.modulus }
        : new OtherUnsealKey(scope, "other-unseal-key", { keyId: vault.unsealKey, vaultPrincipalId });
    this.certificate = new TlsCertificate(scope, "certificate", {
      tls: vault.tls,
      keyVault,
      dnsNames: props.hosts.inCertificate(props.publicName),
      vaultPrincipalId,
    });
    const recoveryKeyVault = new RecoveryKeyVault(scope, "recovery-key-vault", props);
    this.endpoints = [keyVault.endpoint, recoveryKeyVault.endpoint];
    this.recoveryKeys = new RecoveryKeys(scope, "recovery-keys", {
      keyVault: recoveryKeyVault,
      writerRoleId: props.recoveryKeyWriterRoleId,
      vaultPrincipalId,
      readers: recoveryKeyReaders,
    });
    this.license =
      vault.edition === "enterprise"
        ? new EnterpriseLicense(scope, "license", { keyVault, vaultPrincipalId })
        : undefined;
    this.sshKey = new AdminSshKey(scope, "ssh-key", { keyVault });
  }
}
