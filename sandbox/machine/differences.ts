import { RELEASES_FOLDER } from "../../cloud-init/common/release";

/** What a machine of the sandbox does otherwise than the VM on Azure. This list is complete: what is not in it is the same. */
export interface Difference {
  /** A short name. */
  readonly name: string;
  readonly onAzure: string;
  readonly inSandbox: string;
  readonly reason: string;
}

/**
 * Folders of the VM that lie below the machine's private root. Where units and configuration files name them, the root goes
 * before the name; the scripts name no such path themselves.
 */
export const PRIVATE_FOLDERS = [
  "/etc/logrotate.d",
  "/etc/vault-agent.d",
  "/etc/vault-vm",
  "/etc/vault.d",
  "/ramdisk",
  "/run",
  "/usr/local",
  "/var/lib/app",
  "/var/lib/vault",
  "/var/lib/vault-drill",
  "/var/lib/vault-restore",
  "/var/lib/vault-snapshot",
  "/var/lib/vault-vm",
  "/var/log/vault",
] as const;

/** Units of Ubuntu's packages that the user data changes. */
export const UBUNTU_UNITS: readonly string[] = ["logrotate.timer"];

/** Where the VM's services listen, as units and configuration files write it; each becomes the same port of the machine's own loopback. */
export const LISTENERS = ["127.0.0.1:8200", "127.0.0.1:8201", "127.0.0.1:8210"] as const;

/** A unit's variable that is this address alone becomes the machine's own loopback. */
export const LOOPBACK = "127.0.0.1";

/** A unit's variable that is this address alone becomes the machine's loopback and its address, separated by a space. */
export const ALL_ADDRESSES = "0.0.0.0";

/** Content of a new data disk, and where it is mounted. */
export const DATA_DISK = {
  content: "/usr/local/lib/vault-vm/data-disk",
  mountPoint: "/var/lib/vault",
} as const;

/** What MySQL's name ends with on Azure, as the deployers' policy demands it; the sandbox's MySQL is known by its address. */
export const MYSQL_DOMAIN = ".mysql.database.azure.com";

/** Users and groups of the VM; each becomes the user who runs the sandbox, and that user's group. */
export const ACCOUNTS = ["vault", "vault-agent", "app", "haproxy"] as const;

/** Files whose content is changed as the units' settings are; every other file is written as it is. */
export const CONFIGURATION_FILES = /\.(hcl|ctmpl|cfg)$|^\/etc\/logrotate\.d\//;

/** Hosts that no machine asks a proxy for. */
export const NO_PROXY = "127.0.0.0/8,localhost";

export const differences: readonly Difference[] = [
  {
    name: "Private root",
    onAzure: `Files lie at their paths, among them those below ${PRIVATE_FOLDERS.join(", ")}.`,
    inSandbox:
      "All of them lie below one private folder, whose path is put before these in the units' Environment=, EnvironmentFile= and " +
      "command lines, in *.hcl, *.ctmpl and logrotate's files, and before the audit log of the stack vault-config. Scripts are " +
      "not touched.",
    reason: "No root rights, and several machines side by side.",
  },
  {
    name: "User data",
    onAzure: "IMDS hands out the user data of the stack, and apply-user-data writes its files below /.",
    inSandbox:
      "The files in IMDS's user data have the private root in them, as above, and APPLY_ROOT is that root in every process's " +
      "environment. So its SHA-256 is not the one on Azure. journalctl knows a unit's last line only, and systemd-run, which " +
      "installs packages and makes users, does nothing.",
    reason: "No root rights.",
  },
  {
    name: "Vault and Node.js",
    onAzure: `install-release downloads the releases, checks them and puts them into ${RELEASES_FOLDER}.`,
    inSandbox:
      "The Vault that the sandbox found, and the Node that runs the sandbox, are there before the boot; install-release finds them.",
    reason: "No download at each start, and no network where there is none.",
  },
  {
    name: "Listeners",
    onAzure: `Services listen on ${LISTENERS.join(", ")}, and the application on ${LOOPBACK}:8080. Once first boot is complete, Vault listens on ${ALL_ADDRESSES}.`,
    inSandbox:
      "127.0.0.1 is another address of 127.0.0.0/8, the machine's own loopback, which no other host is told. 0.0.0.0 is two addresses, this one " +
      "and that of the machine, with a listener each. Local connections come from 127.0.0.1, as on Azure.",
    reason:
      "Several machines side by side, and what listens on loopback only must not be reached from elsewhere.",
  },
  {
    name: "Names of a cluster's nodes",
    onAzure: "VAULT_CLUSTER_ADDR holds the node's name in the private DNS zone, by which Raft finds it.",
    inSandbox: "It holds the node's address.",
    reason: "Raft knows no proxy, and there is no DNS here.",
  },
  {
    name: "MySQL's name",
    onAzure: `The deployers' policy takes a connection only to a server whose name ends with ${MYSQL_DOMAIN}.`,
    inSandbox: "It takes any server; port and options are bound as on Azure.",
    reason: "MySQL is known by an address of 127.0.0.0/8.",
  },
  {
    name: "Audit log",
    onAzure: "The deployers' policy lets them have one file, at its path.",
    inSandbox:
      "It also lets them have that file below the private folder; a cluster's nodes write to one file below that of the first node.",
    reason:
      "The sandbox puts the private folder before the path that the stack vault-config names; the rehearsal's Terraform does not.",
  },
  {
    name: "Users and groups",
    onAzure: `Services run as root or as ${ACCOUNTS.join(", ")}, and files belong to these.`,
    inSandbox:
      "Everything runs as, and belongs to, the user who runs the sandbox. File modes are as on Azure.",
    reason: "No root rights.",
  },
  {
    name: "Confinement",
    onAzure:
      "systemd applies the units' sandboxing (Protect*, Private*, Restrict*, SystemCall*, MemoryDenyWriteExecute, ReadWritePaths), " +
      "capabilities and swap and memory limits.",
    inSandbox: "None of it is applied. UMask= and LimitCORE=0 are.",
    reason: "Only root, or a cgroup of one's own, can apply it.",
  },
  {
    name: "Way to Azure",
    onAzure: "Names are resolved by DNS, and the services have public certificates.",
    inSandbox:
      "HTTP_PROXY, HTTPS_PROXY, NO_PROXY (each in both spellings) and SSL_CERT_FILE are in every process's environment and name the " +
      "stand-in for Azure and its CA.",
    reason: "169.254.169.254 and Azure's names cannot be had on loopback without root.",
  },
  {
    name: "Ubuntu's units",
    onAzure: `The user data also changes units of Ubuntu's packages: ${UBUNTU_UNITS.join(", ")}.`,
    inSandbox: "These units are there, and do nothing.",
    reason: "Only the user data's own units run.",
  },
  {
    name: "Restarts",
    onAzure: "RestartSec= pauses, and start limits (StartLimit*=).",
    inSandbox: "Pauses of at most half a second unless told otherwise, and no start limits.",
    reason: "Time; the project's own units have no limits on Azure either.",
  },
  {
    name: "Readiness",
    onAzure: "A unit of Type=notify is started when its program tells systemd so.",
    inSandbox:
      "It is started when its program accepts connections at the first listener of its configuration file.",
    reason: "The notification is a datagram on a unix socket, which Node.js does not have.",
  },
  {
    name: "Disks and tmpfs",
    onAzure: "Mounts are file systems: the data disk is formatted and mounted, /run and /ramdisk are memory.",
    inSandbox:
      `Mounts are folders, and vault-data-format.service is not run: a new data disk has the files of ${DATA_DISK.content}, as the unit ` +
      "makes it. The folders of tmpfs are emptied at each reboot and power-off.",
    reason: "Only root can mount.",
  },
  {
    name: "Timers",
    onAzure: "Timers start their services by the clock.",
    inSandbox: "Timers do nothing by themselves; tests and the sandbox run their services.",
    reason: "Nobody waits for an hour, and a test decides when.",
  },
  {
    name: "Renewed certificate",
    onAzure: "Vault's VM serves a renewed certificate once it is 15 minutes old.",
    inSandbox: "It serves it at once; CERTIFICATE_SETTLE_SECONDS is 0 in every process's environment.",
    reason: "Time.",
  },
  {
    name: "Not run",
    onAzure: "cloud-init installs packages, makes users and sets owners; logrotate and updates run daily.",
    inSandbox:
      "Of runcmd only the systemctl commands are run; curl, jq, openssl, unzip and flock are the system's own.",
    reason: "No root rights.",
  },
  {
    name: "Operating system",
    onAzure: "Ubuntu 24.04.",
    inSandbox:
      "Any Linux with bash, GNU coreutils, util-linux, curl 7.84 or newer, jq, openssl and unzip. macOS cannot run a machine: it has no " +
      "/proc/uptime, which the scripts read; run the sandbox in a Linux container there.",
    reason: "The scripts are the deployed ones.",
  },
];
