import { COMMON, type ManagedFiles, type ManagedUnit, versionOf } from "../common/managed-units";
import { dataDisk } from "./data-disk";
import { DEPLOYER_POLICY } from "./deployer-policy";
import { hasFront, isCluster, type VaultServerSettings } from "./settings";
import { versionVariables } from "./vault-version";

/** The settings that decide which units and files a server has. */
type Server = Pick<VaultServerSettings, "vault" | "diskController" | "peerHosts" | "snapshots" | "watched">;

const variables = (...names: string[]): string[] => names.map((name) => `/etc/vault.d/vault.env#${name}`);

/** Vault's identity, which Azure's seal and every login to Azure need. */
const IDENTITY = variables("AZURE_TENANT_ID", "AZURE_CLIENT_ID");

/** The people who may log in to Vault, and their rights. */
const ACCESS = [
  DEPLOYER_POLICY,
  "/etc/vault.d/machine-policy.hcl",
  "/etc/vault.d/recovery-key-reader-policy.hcl",
  ...variables(
    "AZURE_TENANT_ID",
    "VAULT_PRINCIPAL_ID",
    "DEPLOYER_OBJECT_IDS",
    "DEPLOYER_AUDIENCE",
    "DEPLOYER_APP_ROLE",
    "DEPLOYER_TOKEN_TTL",
    "RECOVERY_KEY_READER_OBJECT_IDS",
  ),
];

/** The effects of changes to a Vault server's user data. */
export function vaultServerFiles(server: Server): ManagedFiles {
  return { units: unitsOf(server), readAtEachUse: readAtEachUse(server) };
}

function unitsOf(server: Server): ManagedUnit[] {
  const { vault, diskController, snapshots, watched } = server;
  return [
    // Comes before the unit that installs another version.
    ...(snapshots ? SNAPSHOTS : []),
    ...COMMON.units,
    ...FILE_SYSTEMS,
    { name: dataDisk(diskController).unit, enabled: false, onChange: "nothing", reads: [] },
    ...LOGROTATE,
    ...(vault.edition === "enterprise" ? LICENSE : []),
    certificateUnit(server),
    { name: "vault-certificate.timer", enabled: true, onChange: "restart", reads: [] },
    ...(isCluster(server) ? [turnUnit(server)] : []),
    { name: "vault.service", enabled: true, onChange: "restart", reads: vaultReads(server) },
    firstBootUnit(server),
    {
      name: "vault-access.service",
      enabled: true,
      onChange: "restart",
      reads: ["/usr/local/sbin/vault-access", ...ACCESS],
    },
    ...(hasFront(server) ? [FRONT] : []),
    ...(watched ? WATCH.units : []),
    ...(snapshots ? RESTORE : []),
  ];
}

function readAtEachUse(server: Server): string[] {
  const { diskController, snapshots, watched } = server;
  return [
    ...COMMON.readAtEachUse,
    ...(watched ? WATCH.readAtEachUse : []),
    "/etc/logrotate.d/vault",
    // apply-user-data runs systemd-sysusers when it changes.
    "/etc/sysusers.d/vault-server.conf",
    "/usr/local/lib/vault-vm/machine-login.sh",
    "/usr/local/lib/vault-vm/vault-api.sh",
    // Only an empty disk needs it.
    "/usr/local/lib/vault-vm/data-disk/first-boot",
    "/usr/local/sbin/vault-data-format",
    // Only a new VM can change it: LinuxVm.
    ...(diskController === "NVMe" ? ["/etc/udev/rules.d/90-vault-data-disk.rules"] : []),
    ...(snapshots ? ["/usr/local/lib/vault-vm/snapshots.sh", ...variables("UPGRADE_SNAPSHOT")] : []),
    // A Vault with a front reads another file.
    ...(hasFront(server) ? ["/etc/vault.d/listener.hcl"] : []),
  ];
}

const listenerFile = (server: Server): string =>
  hasFront(server) ? "/etc/vault.d/front-listener.hcl" : "/etc/vault.d/listener.hcl";

/** The inputs of vault.service. */
function vaultReads(server: Server): string[] {
  return [
    versionOf("vault"),
    "/etc/vault.d/vault.hcl",
    "/etc/vault.d/raft.hcl",
    listenerFile(server),
    "/usr/local/sbin/vault-listener",
    ...(hasFront(server) ? ["/usr/local/sbin/vault-front-certificate"] : []),
    ...IDENTITY,
    ...variables(
      "VAULT_AZUREKEYVAULT_VAULT_NAME",
      "VAULT_AZUREKEYVAULT_KEY_NAME",
      "UNSEAL_KEY_MODULUS",
      "VAULT_RAFT_NODE_ID",
      "VAULT_API_ADDR",
      "VAULT_CLUSTER_ADDR",
      ...(isCluster(server) ? ["VAULT_PEERS"] : []),
      ...Object.keys(versionVariables(server.vault.version)),
    ),
  ];
}

function certificateUnit(server: Server): ManagedUnit {
  return {
    name: "vault-certificate.service",
    enabled: true,
    onChange: "restart",
    reads: [
      "/usr/local/sbin/vault-certificate",
      ...IDENTITY,
      // The first node of a cluster must have the certificate with which the others join.
      ...variables(
        "TLS_CERTIFICATE_SECRET_URL",
        ...(isCluster(server) ? ["VAULT_PEERS"] : []),
        ...(hasFront(server) ? ["VAULT_FRONT_ADDRESS"] : []),
      ),
    ],
  };
}

/** The unit with which a node of a cluster waits for its turn. It has all inputs that restart vault.service. */
function turnUnit(server: Server): ManagedUnit {
  const { edition } = server.vault;
  return {
    name: "vault-turn.service",
    enabled: false,
    onChange: "restart",
    reads: [
      "/usr/local/sbin/vault-turn",
      ...vaultReads(server),
      "/etc/systemd/system/vault.service",
      ...(hasFront(server) ? ["/etc/systemd/system/vault.service.d/front.conf"] : []),
      ...(edition === "enterprise" ? ["/etc/systemd/system/vault.service.d/enterprise.conf"] : []),
    ],
  };
}

/** A complete first boot ends at once. An unfinished one continues with the change. */
function firstBootUnit(server: Server): ManagedUnit {
  return {
    name: "vault-first-boot.service",
    enabled: true,
    onChange: "restart",
    reads: [
      "/usr/local/sbin/vault-first-boot",
      "/usr/local/sbin/vault-access",
      listenerFile(server),
      ...ACCESS,
      ...variables("RECOVERY_KEYS_SECRET_URL", "RECOVERY_SHARES", "RECOVERY_THRESHOLD", "FIRST_BOOT"),
    ],
  };
}

/** The file systems, which are created once and mounted at boot. */
const FILE_SYSTEMS: ManagedFiles["units"] = [
  { name: "vault-data-format.service", enabled: false, onChange: "nothing", reads: [] },
  { name: "vault-data-missing.service", enabled: false, onChange: "nothing", reads: [] },
  { name: "var-lib-vault.mount", enabled: false, onChange: "nothing", reads: [] },
  { name: "var-log-vault-memory.mount", enabled: false, onChange: "nothing", reads: [] },
];

/** Ubuntu's own units. The timer runs more often here. */
const LOGROTATE: ManagedFiles["units"] = [
  { name: "logrotate.service", enabled: false, onChange: "nothing", reads: [] },
  { name: "logrotate.timer", enabled: false, onChange: "restart", reads: [] },
];

const FRONT: ManagedUnit = {
  name: "haproxy.service",
  enabled: true,
  onChange: "restart",
  reads: ["/etc/vault.d/front.cfg", ...variables("VAULT_FRONT_ADDRESS")],
};

/** The units and files that report Vault's state each minute. */
const WATCH: ManagedFiles = {
  units: [
    { name: "vault-watch.service", enabled: false, onChange: "nothing", reads: [] },
    { name: "vault-watch.timer", enabled: true, onChange: "restart", reads: [] },
  ],
  readAtEachUse: ["/usr/local/sbin/vault-watch"],
};

const LICENSE: ManagedFiles["units"] = [
  {
    name: "vault-license.service",
    enabled: true,
    onChange: "restart",
    reads: ["/usr/local/sbin/vault-license", ...variables("LICENSE_SECRET_URL")],
  },
  { name: "vault-license.timer", enabled: true, onChange: "restart", reads: [] },
];

const SNAPSHOTS: ManagedFiles["units"] = [
  {
    name: "vault-snapshot-before.service",
    enabled: false,
    onChange: "restart",
    reads: [versionOf("vault"), "/usr/local/sbin/vault-snapshot"],
  },
];

/** These units come last, so that a restore runs with all other changes. */
const RESTORE: ManagedFiles["units"] = [
  {
    // Comes after Vault's restart, because it reports which versions of the unseal key Vault's data still need.
    name: "vault-snapshot.service",
    enabled: false,
    onChange: "restart",
    reads: ["/usr/local/sbin/vault-snapshot", ...variables("SNAPSHOTS_URL", "UNSEAL_KEY_MODULUS")],
  },
  { name: "vault-snapshot.timer", enabled: true, onChange: "restart", reads: [] },
  {
    name: "vault-restore.service",
    enabled: true,
    onChange: "restart",
    reads: [
      "/usr/local/sbin/vault-restore",
      ...variables("RESTORE_REQUEST", "RESTORE_SNAPSHOT", "RESTORE_KIND"),
    ],
  },
  { name: "vault-restore-drill.service", enabled: false, onChange: "nothing", reads: [] },
  { name: "vault-restore-drill.timer", enabled: true, onChange: "restart", reads: [] },
];
