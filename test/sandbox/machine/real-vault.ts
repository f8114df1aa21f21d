import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { nodeRelease } from "../../../cloud-init/agent-vm/node-release";
import { agentVmUserData } from "../../../cloud-init/agent-vm/user-data";
import { type VaultReleaseOptions, vaultRelease } from "../../../cloud-init/common/vault-release";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { azureClouds } from "../../../environments/azure-clouds";
import { Progress } from "../../../lib/processes/progress";
import type { Azure } from "../../../sandbox/azure/azure";
import { Machine } from "../../../sandbox/machine/machine";
import { findVaultProgram, type VaultProgram } from "../../../sandbox/vault/vault-program";
import { clientIdOf, deployer, recoveryReader, tenantId, vault } from "../azure/example-world";
import { nextAddress } from "./small-machine";

/** The release in the user data. The installed Vault replaces it. */
const release: VaultReleaseOptions = { version: "1.21.0", edition: "community" };

async function realVault(): Promise<VaultProgram> {
  return findVaultProgram({ progress: new Progress({ stream: new PassThrough().resume() }) });
}

/** A machine of the example Azure that has not booted yet. */
export async function machineOf(
  azure: Azure,
  folder: string,
  name: "vm-vault" | "vm-agent",
  cloudConfig: (address: string) => string,
): Promise<Machine> {
  const address = nextAddress();
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, azure.caPem);
  return Machine.create({
    name,
    address,
    loopback: nextAddress(),
    cloudConfig: cloudConfig(address),
    folder: join(folder, name),
    proxyUrl: azure.proxyUrlFor(name),
    caFile,
    programs: [
      { ...vaultRelease(release), path: (await realVault()).path },
      { ...nodeRelease, path: process.execPath },
    ],
  });
}

export const vaultServerConfig = (privateAddress: string): string =>
  vaultServerUserData({
    privateAddress,
    vault: release,
    azure: azureClouds.AzureCloud,
    tenantId,
    clientId: clientIdOf(vault),
    principalId: vault,
    keyVaultName: "kv-vault",
    diskController: "SCSI",
    unsealKeyName: "unseal",
    unsealKeyModulus: "0a",
    nodeId: "vault-0",
    apiAddress: "https://vault.example.com:8200",
    nodeHost: "127.0.0.1",
    peerHosts: [],
    certificateSecretUrl: "https://kv-vault.vault.azure.net/secrets/tls",
    recoveryKeysSecretUrl: "https://kv-recovery.vault.azure.net/secrets/recovery-keys",
    recoveryShares: 5,
    recoveryThreshold: 3,
    firstBoot: "initialize",
    deployerObjectIds: [deployer],
    recoveryKeyReaderObjectIds: [recoveryReader],
    automaticRebootTime: "03:30",
    deployerTokenTtl: "1h",
    minTlsVersion: "1.2",
  });

export const agentConfig = (): string =>
  agentVmUserData({
    vault: release,
    azure: azureClouds.AzureCloud,
    role: "agent-vm",
    vaultAddress: "https://vault.example.com:8200",
    vaultCertificateUrl: "https://kv-vault.vault.azure.net/certificates/tls",
    databaseCredentialsPath: "database/creds/short",
    databaseHost: "mysql.example.com",
    databaseName: "customers",
    transitKeys: ["customer-key"],
    appPackageUrl: "https://stexample.blob.core.windows.net/app/app.zip",
    automaticRebootTime: "03:30",
  });
