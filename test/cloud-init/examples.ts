import { type AgentVmSettings, agentVmUserData } from "../../cloud-init/agent-vm/user-data";
import type { VaultServerSettings } from "../../cloud-init/vault-server/settings";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import { azureClouds } from "../../environments/azure-clouds";

/** A value as the stacks pass it: Terraform knows it later, so it is a reference, in the longest form. */
export const reference = (name: string) =>
  `\${data.terraform_remote_state.a-stack-with-a-long-name.outputs.cross-stack-output-${name}-0123456789abcdef}`;

export const vaultServer: VaultServerSettings = {
  vault: { version: "2.2.2", edition: "community" },
  azure: azureClouds.AzureCloud,
  tenantId: reference("tenant"),
  clientId: reference("client"),
  principalId: reference("principal"),
  keyVaultName: reference("key-vault"),
  unsealKeyName: "unseal",
  unsealKeyModulus: "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
  diskController: "SCSI",
  nodeId: "vault-0",
  privateAddress: reference("private-address"),
  apiAddress: "https://vault.demo.internal:8200",
  nodeHost: "vault-1.demo.internal",
  peerHosts: [],
  certificateSecretUrl: `https://${reference("certificate")}/secrets/vault-tls`,
  recoveryKeysSecretUrl: reference("recovery-keys"),
  recoveryShares: 5,
  recoveryThreshold: 3,
  deployerObjectIds: Array.from(
    { length: 20 },
    (_, index) => `00000000-0000-0000-0000-0000000000${10 + index}`,
  ),
  firstBoot: "initialize",
  recoveryKeyReaderObjectIds: Array.from(
    { length: 10 },
    (_, index) => `00000000-0000-0000-0000-0000000000${40 + index}`,
  ),
  automaticRebootTime: "03:30",
  deployerTokenTtl: "1h",
  minTlsVersion: "1.2",
};

/** A server with snapshots. The examples above have none. */
export const snapshots = {
  snapshots: {
    containerUrl: `${reference("blob-endpoint")}snapshots`,
    interval: "1h",
    beforeUpgrade: true,
  },
} as const satisfies Partial<VaultServerSettings>;

/** The second node of a cluster. */
export const nodeOfFive = {
  nodeId: "vault-2",
  nodeHost: "vault-2.demo.internal",
  peerHosts: [1, 3, 4, 5].map((number) => `vault-${number}.demo.internal`),
  firstBoot: "join",
} as const satisfies Partial<VaultServerSettings>;

/** HAProxy is in front of a Vault before 2.0. */
export const vaultServerWithFront: VaultServerSettings = {
  ...vaultServer,
  vault: { version: "1.21.4", edition: "community" },
};

export const vaultEnterpriseServer: VaultServerSettings = {
  ...vaultServer,
  vault: { version: "2.2.2", edition: "enterprise" },
  licenseSecretUrl: reference("license"),
};

export const agentVm: AgentVmSettings = {
  vault: { version: "2.2.2", edition: "community" },
  azure: azureClouds.AzureCloud,
  role: "agent-vm",
  vaultAddress: "https://vault.demo.internal:8200",
  vaultCertificateUrl: reference("certificate"),
  databaseCredentialsPath: "database/creds/short",
  databaseHost: reference("database-host"),
  databaseName: "customers",
  transitKeys: ["customer-key", "archive-key"],
  appPackageUrl: `${reference("blob-endpoint")}app/app.zip`,
  automaticRebootTime: "03:30",
};

/** User data of both kinds of VM with every file that such a VM can have. */
export const machinesWithEveryFile = [
  // Enterprise before 2.0 in a cluster has every file: for the community edition, the licence, snapshots, HAProxy and a node.
  {
    machine: "vault-server",
    userData: vaultServerUserData({
      ...vaultEnterpriseServer,
      ...nodeOfFive,
      ...snapshots,
      vault: { version: "1.21.4", edition: "enterprise" },
      watched: true,
    }),
  },
  { machine: "agent-vm", userData: agentVmUserData(agentVm) },
];
