import { join } from "node:path";
import { cloudConfig, environmentFile, packFiles } from "../cloud-config";
import type { AzureNames } from "../common/azure-names";
import { enabledUnits, UNITS_FILE, unitsJson } from "../common/managed-units";
import { releaseFile } from "../common/release";
import { type VaultReleaseOptions, vaultRelease } from "../common/vault-release";
import { AGENT_VM_FILES } from "./managed-files";
import { nodeRelease } from "./node-release";

/** The settings of a VM with Vault Agent. Every string may be a Terraform reference unless its comment says "known at synth". */
export interface AgentVmSettings {
  /** Known at synth. */
  vault: VaultReleaseOptions;
  /** Known at synth. */
  azure: AzureNames;
  /** Role of the auth method azure with which the VM logs in. Known at synth. */
  role: string;
  vaultAddress: string;
  /** Vault's certificate in Key Vault, without a version: https://<name>.<domain of Key Vault>/certificates/vault-tls. */
  vaultCertificateUrl: string;
  /** Path in Vault, for example database/creds/short. */
  databaseCredentialsPath: string;
  databaseHost: string;
  databaseName: string;
  /** Names of the transit keys. The application gets their paths. */
  transitKeys: readonly string[];
  /** The application's zip file: a blob that the VM's identity can read. */
  appPackageUrl: string;
  /** Time of day at which security updates may restart the VM, for example "03:30" (UTC). Known at synth. */
  automaticRebootTime: string;
}

/** User data (cloud-config) of a VM with Vault Agent, which logs in and writes the configuration, and the application. */
export function agentVmUserData(settings: AgentVmSettings): string {
  return cloudConfig({
    package_update: true,
    packages: ["curl", "gpgv", "jq", "openssl", "unattended-upgrades", "unzip", "xz-utils"],
    write_files: [
      ...staticFiles(settings),
      releaseFile(vaultRelease(settings.vault)),
      releaseFile(nodeRelease),
      variables(settings),
    ],
    runcmd: [
      ["systemd-sysusers", "/etc/sysusers.d/agent-vm.conf"],
      ["systemctl", "daemon-reload"],
      // --no-block: the units wait for Vault and for rights to work. cloud-init does not need to.
      ["systemctl", "enable", "--now", "--no-block", ...enabledUnits(AGENT_VM_FILES)],
    ],
  });
}

function staticFiles({ azure, role, automaticRebootTime }: AgentVmSettings) {
  const folders = [join(__dirname, "../common/files"), join(__dirname, "files")];
  return packFiles(
    folders,
    {
      ROLE: role,
      AUTOMATIC_REBOOT_TIME: automaticRebootTime,
      RESOURCE_MANAGER: azure.resourceManager,
      STORAGE_RESOURCE: azure.storageResource,
    },
    { [UNITS_FILE]: unitsJson(AGENT_VM_FILES) },
  );
}

function variables(settings: AgentVmSettings) {
  return environmentFile("/etc/vault-agent.d/agent.env", {
    VAULT_ADDR: settings.vaultAddress,
    VAULT_CERTIFICATE_URL: settings.vaultCertificateUrl,
    DATABASE_CREDENTIALS_PATH: settings.databaseCredentialsPath,
    DATABASE_HOST: settings.databaseHost,
    DATABASE_NAME: settings.databaseName,
    TRANSIT_KEYS: settings.transitKeys.join(","),
    APP_PACKAGE_URL: settings.appPackageUrl,
  });
}
