import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cloudConfig, environmentFile, packFiles } from "../cloud-config";
import { managementAudiences } from "../common/azure-names";
import { enabledUnits, UNITS_FILE, unitsJson } from "../common/managed-units";
import { releaseFile } from "../common/release";
import { vaultRelease } from "../common/vault-release";
import { dataDisk } from "./data-disk";
import { policyValues } from "./deployer-policy";
import { vaultServerFiles } from "./managed-files";
import { raftConfiguration } from "./raft";
import { hasFront, isCluster, type VaultServerSettings } from "./settings";
import { versionVariables } from "./vault-version";

/**
 * User data (cloud-config) of a VM that runs a Vault server.
 *
 * @throws if the edition and the licence do not match.
 */
export function vaultServerUserData(settings: VaultServerSettings): string {
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
      ["systemctl", "enable", "--now", "--no-block", ...enabledUnits(vaultServerFiles(settings))],
    ],
  });
}

function staticFiles(settings: VaultServerSettings, enterprise: boolean) {
  const { azure, apiAddress, peerHosts, snapshots, minTlsVersion } = settings;
  const disk = dataDisk(settings.diskController);
  return packFiles(
    foldersOf(settings, enterprise),
    {
      AUTOMATIC_REBOOT_TIME: settings.automaticRebootTime,
      ...policyValues(azure),
      MANAGEMENT_AUDIENCES: managementAudiences(azure).join(","),
      DATA_DISK: disk.path,
      DATA_DISK_UNIT: disk.unit,
      // The form of Vault and HAProxy.
      VAULT_MIN_TLS: `tls${minTlsVersion.replace(".", "")}`,
      ...(hasFront(settings) && { FRONT_MIN_TLS: `TLSv${minTlsVersion}` }),
      ...(snapshots && {
        SNAPSHOT_INTERVAL: systemdTime(snapshots.interval),
        STORAGE_RESOURCE: azure.storageResource,
      }),
    },
    {
      [UNITS_FILE]: unitsJson(vaultServerFiles(settings)),
      "/etc/vault.d/raft.hcl": raftConfiguration({
        peers: peerHosts,
        serverName: new URL(apiAddress).hostname,
      }),
      [`/etc/systemd/system/${disk.unit}.d/vault.conf`]: readFileSync(
        join(__dirname, "data-disk-device.conf"),
        "utf8",
      ),
    },
  );
}

function foldersOf(settings: VaultServerSettings, enterprise: boolean): string[] {
  const { diskController, snapshots, watched } = settings;
  const [cluster, front] = [isCluster(settings), hasFront(settings)];
  return [
    "../common/files",
    "files",
    ...(diskController === "NVMe" ? ["nvme-files"] : []),
    ...(enterprise ? ["enterprise-files"] : []),
    ...(cluster ? ["cluster-files"] : []),
    ...(front ? ["front-files"] : []),
    ...(watched ? ["watch-files"] : []),
    ...(watched && front ? ["front-watch-files"] : []),
    ...(front && cluster ? ["front-cluster-files"] : []),
    ...(snapshots ? ["snapshot-files"] : []),
    ...(snapshots && front ? ["snapshot-front-files"] : []),
  ].map((folder) => join(__dirname, folder));
}

/** Returns a duration in systemd's form. */
function systemdTime(duration: string): string {
  return duration.replace(/m$/, "min");
}

function variables(settings: VaultServerSettings) {
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
    VAULT_PEERS: isCluster(settings) ? settings.peerHosts.join(",") : undefined,
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
