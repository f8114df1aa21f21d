import { RELEASES_FOLDER } from "../../cloud-init/common/release";

/** A difference between a machine of the sandbox and the VM on Azure. The list is complete: everything else is the same. */
export interface Difference {
  /** A short name. */
  readonly name: string;
  readonly onAzure: string;
  readonly inSandbox: string;
  readonly reason: string;
}

/**
 * Folders of the VM that are below the machine's private root. Units and configuration files that name them get the root before
 * the name. The scripts name no such path themselves.
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
export const UBUNTU_UNITS: readonly string[] = ["logrotate.service", "logrotate.timer"];

/** The listeners of the VM's services in units and configuration files. Each becomes the same port on the machine's own loopback. */
export const LISTENERS = ["127.0.0.1:8200", "127.0.0.1:8201", "127.0.0.1:8210"] as const;

/** A unit's variable with only this address becomes the machine's own loopback. */
export const LOOPBACK = "127.0.0.1";

/** A unit's variable with only this address becomes the machine's loopback and its address, separated by a space. */
export const ALL_ADDRESSES = "0.0.0.0";

/** Content of a new data disk, and its mount point. */
export const DATA_DISK = {
  content: "/usr/local/lib/vault-vm/data-disk",
  mountPoint: "/var/lib/vault",
} as const;

/** The end of MySQL's name on Azure, as the deployers' policy requires it. The sandbox's MySQL has only an address. */
export const MYSQL_DOMAIN = ".mysql.database.azure.com";

/** Users and groups of the VM. Each becomes the user who runs the sandbox, and that user's group. */
export const ACCOUNTS = ["vault", "vault-agent", "app", "haproxy"] as const;

/** Files whose content changes in the same way as the units' settings. Every other file stays unchanged. */
export const CONFIGURATION_FILES = /\.(hcl|ctmpl|cfg)$|^\/etc\/logrotate\.d\//;

/** Hosts that every machine reaches without the proxy. */
export const NO_PROXY = "127.0.0.0/8,localhost";

export const differences: readonly Difference[] = [
  {
    name: "Private root",
    onAzure: `Files are at their paths, among them those below ${PRIVATE_FOLDERS.join(", ")}.`,
    inSandbox:
      "They are below one private folder. Its path precedes these paths in the units' Environment=, EnvironmentFile= and " +
      "command lines, in *.hcl, *.ctmpl and logrotate's files, and in the audit log path of the stack vault-config. Scripts are " +
      "not touched.",
    reason: "Missing root rights, and several machines on one computer.",
  },
  {
    name: "User data",
    onAzure: "IMDS returns the user data of the stack, and apply-user-data writes its files below /.",
    inSandbox:
      "The files in IMDS's user data contain the private root, as above, and APPLY_ROOT is that root in every process's " +
      "environment. So the SHA-256 of the user data differs from Azure's. journalctl knows only a unit's last line, and systemd-run, " +
      "which installs packages and creates users, does nothing.",
    reason: "Missing root rights.",
  },
  {
    name: "Vault and Node.js",
    onAzure: `install-release downloads the releases, checks them and puts them into ${RELEASES_FOLDER}.`,
    inSandbox:
      "The Vault that the sandbox found, and the Node that runs the sandbox, are installed before the boot. install-release finds them.",
    reason: "The sandbox also starts without a network, and does not download at each start.",
  },
  {
    name: "Listeners",
    onAzure: `Services listen on ${LISTENERS.join(", ")}, and the application on ${LOOPBACK}:8080. Once first boot is complete, Vault listens on ${ALL_ADDRESSES}.`,
    inSandbox:
      "127.0.0.1 becomes the machine's own loopback, another address of 127.0.0.0/8 that other hosts do not know. 0.0.0.0 becomes two " +
      "addresses, this one and the machine's, with a listener each. Local connections come from 127.0.0.1, as on Azure.",
    reason: "Several machines run on one computer, and no other machine may reach a listener on loopback.",
  },
  {
    name: "Names of a cluster's nodes",
    onAzure:
      "VAULT_CLUSTER_ADDR contains the node's name in the private DNS zone. Raft finds the node by it.",
    inSandbox: "It contains the node's address.",
    reason: "Raft cannot use a proxy, and the sandbox has no DNS.",
  },
  {
    name: "MySQL's name",
    onAzure: `The deployers' policy allows a connection only to a server whose name ends with ${MYSQL_DOMAIN}.`,
    inSandbox: "It allows any server. It restricts port and options as on Azure.",
    reason: "MySQL has only an address of 127.0.0.0/8.",
  },
  {
    name: "Audit log",
    onAzure: "The deployers' policy allows them one file, at its path.",
    inSandbox:
      "It also allows that file below the private folder. All nodes of a cluster write to one file below the first node's folder.",
    reason:
      "The sandbox puts the private folder before the path in the stack vault-config. The rehearsal's Terraform does not.",
  },
  {
    name: "Users and groups",
    onAzure: `Services run as root or as ${ACCOUNTS.join(", ")}, and files belong to these.`,
    inSandbox:
      "Everything runs as the user who runs the sandbox, and belongs to that user. File modes are as on Azure.",
    reason: "Missing root rights.",
  },
  {
    name: "Confinement",
    onAzure:
      "systemd applies the units' sandboxing (Protect*, Private*, Restrict*, SystemCall*, MemoryDenyWriteExecute, ReadWritePaths), " +
      "capabilities and swap and memory limits.",
    inSandbox: "The sandbox applies only UMask= and LimitCORE=0.",
    reason: "The others need root or a cgroup.",
  },
  {
    name: "Way to Azure",
    onAzure: "DNS resolves names, and the services have public certificates.",
    inSandbox:
      "HTTP_PROXY, HTTPS_PROXY, NO_PROXY (each in both spellings) and SSL_CERT_FILE are in every process's environment and name the " +
      "stand-in for Azure and its CA.",
    reason: "Without root, loopback cannot have 169.254.169.254 or Azure's names.",
  },
  {
    name: "Ubuntu's units",
    onAzure: `The user data also changes units of Ubuntu's packages: ${UBUNTU_UNITS.join(", ")}.`,
    inSandbox: "These units exist and do nothing.",
    reason: "Only the user data's own units run.",
  },
  {
    name: "Restarts",
    onAzure: "RestartSec= pauses, and start limits (StartLimit*=) apply.",
    inSandbox: "Pauses last at most 0.2 s by default. Start limits do not apply.",
    reason: "Speed. On Azure, the project's own units have no limits either.",
  },
  {
    name: "Readiness",
    onAzure: "A unit of Type=notify has started when its program notifies systemd.",
    inSandbox:
      "It has started when its program accepts connections at the first listener of its configuration file.",
    reason: "The notification is a datagram on a unix socket. Node.js cannot receive it.",
  },
  {
    name: "Disks and tmpfs",
    onAzure: "Mounts are file systems: the data disk is formatted and mounted, /run and /ramdisk are memory.",
    inSandbox:
      `Mounts are folders, and vault-data-format.service does not run: a new data disk contains the files of ${DATA_DISK.content}, as ` +
      "the unit creates it. Each reboot and power-off empties the folders of tmpfs.",
    reason: "Only root can mount.",
  },
  {
    name: "Timers",
    onAzure: "Timers start their services by the clock.",
    inSandbox: "Timers do nothing by themselves. Tests and the sandbox run their services.",
    reason: "Nobody waits an hour, and a test decides when a service runs.",
  },
  {
    name: "Renewed certificate",
    onAzure: "Vault's VM serves a renewed certificate once it is 15 minutes old.",
    inSandbox: "It serves it immediately. CERTIFICATE_SETTLE_SECONDS is 0 in every process's environment.",
    reason: "Time.",
  },
  {
    name: "Not run",
    onAzure: "cloud-init installs packages, creates users and sets owners. logrotate and updates run daily.",
    inSandbox:
      "From runcmd, only the systemctl commands run. curl, jq, openssl, unzip and flock are the system's own.",
    reason: "Missing root rights.",
  },
  {
    name: "Operating system",
    onAzure: "Ubuntu 24.04.",
    inSandbox:
      "Any Linux with bash, GNU coreutils, util-linux, curl 7.84 or newer, jq, openssl and unzip. macOS cannot run a machine, because " +
      "the scripts read /proc/uptime. Use a Linux container there.",
    reason: "The sandbox runs the deployed scripts.",
  },
];
