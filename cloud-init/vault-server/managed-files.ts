import { COMMON, type ManagedFiles, versionOf } from "../common/managed-units";
import type { VaultReleaseOptions } from "../common/vault-release";
import { versionVariables } from "./vault-version";

const variables = (...names: string[]): string[] => names.map((name) => `/etc/vault.d/vault.env#${name}`);

/** What Azure's seal and every login to Azure need: who Vault is. */
const IDENTITY = variables("AZURE_TENANT_ID", "AZURE_CLIENT_ID");

/** What a change of a Vault server's user data means for its VM. */
export function vaultServerFiles({
  edition,
  version,
}: Pick<VaultReleaseOptions, "edition" | "version">): ManagedFiles {
  return {
    units: [
      ...COMMON.units,
      // The file system is made once, and mounted at boot.
      { name: "vault-data-format.service", enabled: false, onChange: "nothing", reads: [] },
      { name: "var-lib-vault.mount", enabled: false, onChange: "nothing", reads: [] },
      { name: "dev-disk-azure-scsi1-lun10.device", enabled: false, onChange: "nothing", reads: [] },
      ...(edition === "enterprise" ? LICENSE : []),
      {
        name: "vault-certificate.service",
        enabled: true,
        onChange: "restart",
        reads: ["/usr/local/sbin/vault-certificate", ...IDENTITY, ...variables("TLS_CERTIFICATE_SECRET_URL")],
      },
      { name: "vault-certificate.timer", enabled: true, onChange: "restart", reads: [] },
      {
        name: "vault.service",
        enabled: true,
        onChange: "restart",
        reads: [
          versionOf("vault"),
          "/etc/vault.d/vault.hcl",
          ...IDENTITY,
          ...variables(
            "VAULT_AZUREKEYVAULT_VAULT_NAME",
            "VAULT_AZUREKEYVAULT_KEY_NAME",
            "VAULT_RAFT_NODE_ID",
            "VAULT_API_ADDR",
            "VAULT_CLUSTER_ADDR",
            ...Object.keys(versionVariables(version)),
          ),
        ],
      },
      {
        // Where it is complete, it ends at once; where it is under way, it goes on with what changed.
        name: "vault-first-boot.service",
        enabled: true,
        onChange: "restart",
        reads: [
          "/usr/local/sbin/vault-first-boot",
          "/etc/vault.d/deployer-policy.hcl",
          ...variables(
            "RECOVERY_KEYS_SECRET_URL",
            "RECOVERY_SHARES",
            "RECOVERY_THRESHOLD",
            "DEPLOYER_OBJECT_IDS",
            "DEPLOYER_TOKEN_TTL",
          ),
        ],
      },
    ],
    readAtEachUse: [
      ...COMMON.readAtEachUse,
      "/etc/logrotate.d/vault",
      // apply-user-data runs systemd-sysusers when it changes.
      "/etc/sysusers.d/vault-server.conf",
    ],
  };
}

const LICENSE: ManagedFiles["units"] = [
  {
    name: "vault-license.service",
    enabled: true,
    onChange: "restart",
    reads: ["/usr/local/sbin/vault-license", ...variables("LICENSE_SECRET_URL")],
  },
  { name: "vault-license.timer", enabled: true, onChange: "restart", reads: [] },
];
