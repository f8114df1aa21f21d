import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cloudConfig, environmentFile, packFiles } from "../cloud-config";
import { type AzureNames, managementAudiences } from "../common/azure-names";
import { enabledUnits, UNITS_FILE, unitsJson } from "../common/managed-units";
import { releaseFile } from "../common/release";
import { type VaultReleaseOptions, vaultRelease } from "../common/vault-release";
import { type DiskController, dataDisk } from "./data-disk";
import { policyValues } from "./deployer-policy";
import { vaultServerFiles } from "./managed-files";
import { raftConfiguration } from "./raft";
import { asksForTokenToRecover, versionVariables } from "./vault-version";

/** A restore that scripts/restore requests from the VMs, once. */
export interface RestoreRequest {
  /** Time of the request: `20261126T030000Z`. */
  readonly time: string;
  /** Name in the snapshot store, or `newest`. */
  readonly snapshot: string;
  /** `force` restores even if Vault has newer data. `drill` restores into a second Vault, which then ends. */
  readonly kind: "restore" | "force" | "drill";
  /** Azure id of another environment's storage account that has the snapshot. Default: this environment's own. */
  readonly from?: string;
}

/** The settings of a Vault server's VM. Every string may be a Terraform reference unless its comment says "at synth". */
export interface VaultServerUserData {
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

/**
 * User data (cloud-config) of a VM that runs a Vault server.
 *
 * @throws if the edition and the licence do not match.
 */
export function vaultServerUserData(settings: VaultServerUserData): string {
  const enterprise = settings.vault.edition === "enterprise";
  if (enterprise !== (settings.licenseSecretUrl !== undefined)) {
    throw new Error("licenseSecretUrl: Vault Enterprise needs a licence, the community edition takes none");
  }
  return cloudConfig({
    package_update: true,
    packages: [
      "curl",
      "gpgv",
      "jq",
      "logrotate",
      "openssl",
      "unattended-upgrades",
      "unzip",
      ...(hasFront(settings) ? ["haproxy"] : []),
    ],
    write_files: [
      ...staticFiles(settings, enterprise),
      releaseFile(vaultRelease(settings.vault)),
      variables(settings),
    ],
    runcmd: [
      ["systemd-sysusers", "/etc/sysusers.d/vault-server.conf"],
      ["systemctl", "daemon-reload"],
      // The disk may already be attached. udev names it at its next event.
      ...(settings.diskController === "NVMe"
        ? [
            ["udevadm", "control", "--reload"],
            ["udevadm", "trigger", "--subsystem-match=block"],
          ]
        : []),
      // --no-block: the units wait for the data disk and for rights to work. cloud-init does not need to.
      ["systemctl", "enable", "--now", "--no-block", ...enabledUnits(managedFiles(settings))],
    ],
  });
}

function staticFiles(settings: VaultServerUserData, enterprise: boolean) {
  const disk = dataDisk(settings.diskController);
  const folders = [join(__dirname, "../common/files"), join(__dirname, "files")];
  if (settings.diskController === "NVMe") folders.push(join(__dirname, "nvme-files"));
  if (enterprise) folders.push(join(__dirname, "enterprise-files"));
  if (settings.peerHosts.length > 0) folders.push(join(__dirname, "cluster-files"));
  if (hasFront(settings)) folders.push(join(__dirname, "front-files"));
  if (settings.watched) folders.push(join(__dirname, "watch-files"));
  if (settings.watched && hasFront(settings)) folders.push(join(__dirname, "front-watch-files"));
  if (hasFront(settings) && settings.peerHosts.length > 0)
    folders.push(join(__dirname, "front-cluster-files"));
  if (settings.snapshots) folders.push(join(__dirname, "snapshot-files"));
  if (settings.snapshots && hasFront(settings)) folders.push(join(__dirname, "snapshot-front-files"));
  return packFiles(
    folders,
    {
      AUTOMATIC_REBOOT_TIME: settings.automaticRebootTime,
      ...policyValues(settings.azure),
      MANAGEMENT_AUDIENCES: managementAudiences(settings.azure).join(","),
      DATA_DISK: disk.path,
      DATA_DISK_UNIT: disk.unit,
      // The form of Vault and HAProxy.
      VAULT_MIN_TLS: `tls${settings.minTlsVersion.replace(".", "")}`,
      ...(hasFront(settings) && { FRONT_MIN_TLS: `TLSv${settings.minTlsVersion}` }),
      ...(settings.snapshots && {
        SNAPSHOT_INTERVAL: systemdTime(settings.snapshots.interval),
        STORAGE_RESOURCE: settings.azure.storageResource,
      }),
    },
    {
      [UNITS_FILE]: unitsJson(managedFiles(settings)),
      "/etc/vault.d/raft.hcl": raftConfiguration({
        peers: settings.peerHosts,
        serverName: new URL(settings.apiAddress).hostname,
      }),
      [`/etc/systemd/system/${disk.unit}.d/vault.conf`]: readFileSync(
        join(__dirname, "data-disk-device.conf"),
        "utf8",
      ),
    },
  );
}

function managedFiles({ vault, diskController, peerHosts, snapshots, watched }: VaultServerUserData) {
  return vaultServerFiles(vault, diskController, peerHosts.length > 0, snapshots !== undefined, watched);
}

/** Returns a duration in systemd's form. */
function systemdTime(duration: string): string {
  return duration.replace(/m$/, "min");
}

function variables(settings: VaultServerUserData) {
  const { vaultEnvironment } = settings.azure;
  return environmentFile("/etc/vault.d/vault.env", {
    AZURE_TENANT_ID: settings.tenantId,
    AZURE_CLIENT_ID: settings.clientId,
    // The public cloud is Vault's default.
    AZURE_ENVIRONMENT: vaultEnvironment === "AzurePublicCloud" ? undefined : vaultEnvironment,
    VAULT_PRINCIPAL_ID: settings.principalId,
    VAULT_AZUREKEYVAULT_VAULT_NAME: settings.keyVaultName,
    VAULT_AZUREKEYVAULT_KEY_NAME: settings.unsealKeyName,
    UNSEAL_KEY_MODULUS: settings.unsealKeyModulus,
    VAULT_RAFT_NODE_ID: settings.nodeId,
    VAULT_API_ADDR: settings.apiAddress,
    VAULT_CLUSTER_ADDR: `https://${settings.nodeHost}:8201`,
    VAULT_PEERS: settings.peerHosts.length > 0 ? settings.peerHosts.join(",") : undefined,
    TLS_CERTIFICATE_SECRET_URL: settings.certificateSecretUrl,
    RECOVERY_KEYS_SECRET_URL: settings.recoveryKeysSecretUrl,
    LICENSE_SECRET_URL: settings.licenseSecretUrl,
    SNAPSHOTS_URL: settings.snapshots?.containerUrl,
    ...(settings.snapshots && {
      UPGRADE_SNAPSHOT: settings.snapshots.beforeUpgrade ? "yes" : "no",
      RESTORE_REQUEST: settings.restore?.time ?? "",
      RESTORE_SNAPSHOT: settings.restore?.snapshot ?? "",
      RESTORE_KIND: settings.restore?.kind ?? "",
      RESTORE_FROM: settings.otherSnapshotsAccount,
    }),
    FIRST_BOOT: settings.firstBoot,
    RECOVERY_SHARES: String(settings.recoveryShares),
    RECOVERY_THRESHOLD: String(settings.recoveryThreshold),
    DEPLOYER_OBJECT_IDS: settings.deployerObjectIds.join(","),
    DEPLOYER_AUDIENCE: settings.deployerLogin?.audience ?? "",
    DEPLOYER_APP_ROLE: settings.deployerLogin?.appRole ?? "",
    DEPLOYER_TOKEN_TTL: settings.deployerTokenTtl,
    RECOVERY_KEY_READER_OBJECT_IDS: settings.recoveryKeyReaderObjectIds.join(","),
    VAULT_FRONT_ADDRESS: hasFront(settings) ? settings.privateAddress : undefined,
    ...versionVariables(settings.vault.version),
  });
}

/** True if a proxy must close the endpoints that a Vault before 2.0 opens to everybody. */
function hasFront({ vault }: VaultServerUserData): boolean {
  return !asksForTokenToRecover(vault.version);
}
