import type { AzureNames } from "../common/azure-names";
import type { VaultReleaseOptions } from "../common/vault-release";
import type { DiskController } from "./data-disk";
import type { RestoreRequest } from "./restore-request";
import { asksForTokenToRecover } from "./vault-version";

/** The settings of a Vault server's VM. Every string may be a Terraform reference unless its comment says "at synth". */
export interface VaultServerSettings {
  /** At synth. */
  vault: VaultReleaseOptions;
  /** At synth. */
  azure: AzureNames;
  tenantId: string;
  /** Client id of Vault's user-assigned identity. */
  clientId: string;
  /** Object id of the same identity. */
  principalId: string;
  /** The Key Vault of the unseal key: its name, not its URL. */
  keyVaultName: string;
  unsealKeyName: string;
  /** Modulus of the key's newest version. Vault wraps its root key with that version at its next start, so another one restarts Vault. */
  unsealKeyModulus?: string;
  /** The controller of the data disk; at synth. */
  diskController: DiskController;
  /** Raft's name of this node. */
  nodeId: string;
  /** The VM's address in the virtual network. */
  privateAddress: string;
  /** Vault's URL for clients, for example https://vault.demo.internal:8200. The TLS certificate has its name. At synth. */
  apiAddress: string;
  /** This node's name in the virtual network, by which its peers reach it; at synth. */
  nodeHost: string;
  /** Names of the cluster's other nodes in the virtual network. Empty for a single node. At synth. */
  peerHosts: readonly string[];
  /** URL of the certificate's secret, without a version: https://<name>.<domain of Key Vault>/secrets/vault-tls. */
  certificateSecretUrl: string;
  /** URL of the secret that first boot writes, without a version. */
  recoveryKeysSecretUrl: string;
  /** URL of the licence's secret, without a version. Enterprise only. */
  licenseSecretUrl?: string;
  /**
   * The container and interval of snapshots (at synth). If `beforeUpgrade` is true, a new version of Vault waits for a snapshot. Undefined
   * means no snapshots.
   */
  snapshots?: { readonly containerUrl: string; readonly interval: string; readonly beforeUpgrade: boolean };
  /** A restore that scripts/restore requests. */
  restore?: RestoreRequest;
  /** The name of another environment's storage account with snapshots, for a restore from there; at synth. */
  otherSnapshotsAccount?: string;
  recoveryShares: number;
  recoveryThreshold: number;
  /** First boot creates a new Vault on a new disk, adopts a Vault from elsewhere, or joins the cluster of its peers. */
  firstBoot: "initialize" | "adopt" | "join";
  /** Entra object ids of the deployers, who configure Vault. */
  deployerObjectIds: readonly string[];
  /** The app registration of deployers' tokens, and their app role. Without it, deployers use tokens for Azure Resource Manager. */
  deployerLogin?: { readonly audience: string; readonly appRole: string };
  /** Entra object ids of the recovery key readers. May be empty. */
  recoveryKeyReaderObjectIds: readonly string[];
  /** Time of day at which security updates may restart the VM, for example "03:30" (UTC); at synth. */
  automaticRebootTime: string;
  /** Life of a deployer's token, in Vault's notation, for example "1h". */
  deployerTokenTtl: string;
  /** The oldest version of TLS that clients may use; at synth. */
  minTlsVersion: "1.2" | "1.3";
  /** True if alerts read this VM's logs. Then the VM reports Vault's state each minute. At synth. */
  watched?: boolean;
}

export function isCluster({ peerHosts }: Pick<VaultServerSettings, "peerHosts">): boolean {
  return peerHosts.length > 0;
}

/** True if a proxy must close the endpoints that a Vault before 2.0 opens to everybody. */
export function hasFront({ vault }: Pick<VaultServerSettings, "vault">): boolean {
  return !asksForTokenToRecover(vault.version);
}
