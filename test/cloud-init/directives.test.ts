import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Confinement that every service has. */
const everyService = [
  "LimitCORE=0",
  "LockPersonality=yes",
  "MemorySwapMax=0",
  "NoNewPrivileges=yes",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHome=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "ProtectSystem=strict",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "SystemCallArchitectures=native",
];
const ownTemporaryFilesAndDevices = ["PrivateDevices=yes", "PrivateTmp=yes"];
/** Sockets: IP, unix and netlink, by which a program asks for its addresses. */
const internet = ["RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX"];
/** Not for V8, which compiles to memory. */
const noNewCode = ["MemoryDenyWriteExecute=yes"];
/** For services that talk to others all the time. */
const ordinaryCalls = [
  "ProtectProc=invisible",
  "SystemCallErrorNumber=EPERM",
  "SystemCallFilter=@system-service",
];

interface Unit {
  /** Groups of the directives above, and what is the unit's own: its user, its capabilities, what it may write. */
  readonly confinement: readonly string[];
  /** When it starts, what it runs, how it ends. Of variables the names. */
  readonly work: readonly string[];
}

/**
 * Each directive of each unit, by the unit's file below cloud-init. Whoever changes one changes it here, too, and says why in the
 * commit: most of what keeps a broken program small is a line that nobody would miss.
 */
const units: Readonly<Record<string, Unit>> = {
  "agent-vm/files/etc/systemd/system/app-package.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "CapabilityBoundingSet=",
      "UMask=0022",
    ],
    work: [
      "Wants=network-online.target",
      "After=network-online.target",
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "EnvironmentFile=/etc/vault-agent.d/agent.env",
      "Environment=APP_DIRECTORY",
      "ExecStart=/usr/local/sbin/app-package",
      "Restart=on-failure",
      "RestartSec=30",
      "TimeoutStartSec=60min",
      "StateDirectory=app",
      "StateDirectoryMode=0755",
      "WantedBy=multi-user.target",
    ],
  },
  "agent-vm/files/etc/systemd/system/app-package.timer": {
    confinement: [],
    work: ["OnBootSec=10min", "OnUnitInactiveSec=10min", "RandomizedDelaySec=1min", "WantedBy=timers.target"],
  },
  "agent-vm/files/etc/systemd/system/app.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...ordinaryCalls,
      "User=app",
      "Group=app",
      "CapabilityBoundingSet=",
      "IPAddressDeny=169.254.169.254 168.63.129.16",
      "UMask=0077",
    ],
    work: [
      "Wants=network-online.target node-install.service",
      "After=network-online.target node-install.service app-package.service vault-agent.service",
      "StartLimitIntervalSec=0",
      "Environment=APP_CONFIG_FILE",
      "Environment=LISTEN_ADDRESS PORT",
      "ExecStart=/usr/local/bin/node /var/lib/app/current/server.js",
      "ExecReload=/bin/kill --signal HUP $MAINPID",
      "Restart=always",
      "RestartSec=5",
      "TimeoutStopSec=30",
      "WantedBy=multi-user.target",
    ],
  },
  "agent-vm/files/etc/systemd/system/node-install.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "ReadWritePaths=/usr/local/lib/releases /usr/local/bin",
      "CapabilityBoundingSet=",
      "IPAddressDeny=169.254.169.254",
      "UMask=0022",
    ],
    work: [
      "Wants=network-online.target",
      "After=network-online.target",
      "Before=app.service",
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "RemainAfterExit=yes",
      "EnvironmentFile=/etc/vault-vm/node-release.env",
      "Environment=RELEASE_NAME KEYRING",
      "Environment=RELEASES_DIRECTORY BIN_DIRECTORY",
      "ExecStartPre=+/usr/bin/install --directory --mode=0755 /usr/local/lib/releases /usr/local/bin",
      "ExecStart=/usr/local/sbin/install-release",
      "Restart=on-failure",
      "RestartSec=30",
      "RestartPreventExitStatus=65",
      "TimeoutStartSec=2h",
      "WantedBy=multi-user.target",
    ],
  },
  "agent-vm/files/etc/systemd/system/ramdisk.mount": {
    confinement: ["Options=size=32m,mode=0751,noswap,nosuid,nodev,noexec"],
    work: ["What=tmpfs", "Where=/ramdisk", "Type=tmpfs", "WantedBy=multi-user.target"],
  },
  "agent-vm/files/etc/systemd/system/vault-agent.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      ...ordinaryCalls,
      "User=vault-agent",
      "Group=vault-agent",
      "SupplementaryGroups=app",
      "LimitMEMLOCK=infinity",
      "ReadWritePaths=/ramdisk",
      "AmbientCapabilities=CAP_IPC_LOCK",
      "CapabilityBoundingSet=CAP_IPC_LOCK",
      "UMask=0077",
    ],
    work: [
      "Wants=network-online.target vault-install.service",
      "After=network-online.target vault-install.service vault-ca-certificate.service",
      "RequiresMountsFor=/ramdisk",
      "StartLimitIntervalSec=0",
      "Type=notify",
      "EnvironmentFile=/etc/vault-agent.d/agent.env",
      "Environment=VAULT_CACERT",
      "ExecStartPre=+/usr/bin/install --directory --owner=vault-agent --group=vault-agent --mode=0751 /ramdisk",
      "ExecStartPre=+/usr/bin/install --directory --owner=vault-agent --group=app --mode=2750 /ramdisk/app",
      "ExecStart=/usr/local/bin/vault agent -config=/etc/vault-agent.d/agent.hcl",
      "ExecReload=/bin/kill --signal HUP $MAINPID",
      "KillSignal=SIGINT",
      "Restart=always",
      "RestartSec=2",
      "WantedBy=multi-user.target",
    ],
  },
  "agent-vm/files/etc/systemd/system/vault-ca-certificate.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "CapabilityBoundingSet=",
      "UMask=0022",
    ],
    work: [
      "Wants=network-online.target",
      "After=network-online.target",
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "EnvironmentFile=/etc/vault-agent.d/agent.env",
      "Environment=VAULT_CACERT",
      "ExecStart=/usr/local/sbin/vault-ca-certificate",
      "Restart=on-failure",
      "RestartSec=30",
      "TimeoutStartSec=45min",
      "RuntimeDirectory=vault-agent",
      "RuntimeDirectoryMode=0755",
      "RuntimeDirectoryPreserve=yes",
      "WantedBy=multi-user.target",
    ],
  },
  "agent-vm/files/etc/systemd/system/vault-ca-certificate.timer": {
    confinement: [],
    work: ["OnBootSec=10min", "OnUnitInactiveSec=10min", "RandomizedDelaySec=1min", "WantedBy=timers.target"],
  },
  "common/files/etc/systemd/system/apply-user-data.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "CapabilityBoundingSet=",
      "ReadWritePaths=/etc /usr/local",
      "UMask=0022",
    ],
    work: [
      "Wants=network-online.target",
      "After=network-online.target",
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "Environment=LC_ALL",
      "Environment=APPLY_ROOT APPLY_STATE APPLY_REPORTED",
      "ExecStart=/usr/local/sbin/apply-user-data",
      "StandardOutput=journal+console",
      "StandardError=journal",
      "TimeoutStartSec=2h",
      "StateDirectory=vault-vm",
      "StateDirectoryMode=0700",
      "RuntimeDirectory=vault-vm",
      "RuntimeDirectoryMode=0755",
      "RuntimeDirectoryPreserve=yes",
    ],
  },
  "common/files/etc/systemd/system/apply-user-data.timer": {
    confinement: [],
    work: ["OnBootSec=1min", "OnUnitInactiveSec=1min", "AccuracySec=5s", "WantedBy=timers.target"],
  },
  "common/files/etc/systemd/system/vault-install.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "ReadWritePaths=/usr/local/lib/releases /usr/local/bin",
      "CapabilityBoundingSet=",
      "IPAddressDeny=169.254.169.254",
      "UMask=0022",
    ],
    work: [
      "Wants=network-online.target",
      "After=network-online.target",
      "Before=vault.service vault-agent.service",
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "RemainAfterExit=yes",
      "EnvironmentFile=/etc/vault-vm/vault-release.env",
      "Environment=RELEASE_NAME KEYRING",
      "Environment=RELEASES_DIRECTORY BIN_DIRECTORY",
      "ExecStartPre=+/usr/bin/install --directory --mode=0755 /usr/local/lib/releases /usr/local/bin",
      "ExecStart=/usr/local/sbin/install-release",
      "Restart=on-failure",
      "RestartSec=30",
      "RestartPreventExitStatus=65",
      "TimeoutStartSec=2h",
      "WantedBy=multi-user.target",
    ],
  },
  "vault-server/cluster-files/etc/systemd/system/apply-user-data.service.d/cluster.conf": {
    confinement: [],
    work: ["Environment=APPLY_WAIT_SECONDS", "TimeoutStartSec=2h"],
  },
  "vault-server/cluster-files/etc/systemd/system/vault-turn.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "CapabilityBoundingSet=",
      "UMask=0077",
    ],
    work: [
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "EnvironmentFile=/etc/vault.d/vault.env",
      "Environment=TLS_DIRECTORY VAULT_LISTENER",
      "Environment=PEER_TLS_DIRECTORY",
      "Environment=TURN_SECONDS",
      "ExecStart=/usr/local/sbin/vault-turn",
      "TimeoutStartSec=45min",
    ],
  },
  "vault-server/data-disk-device.conf": {
    confinement: [],
    work: ["JobTimeoutSec=30min", "Wants=vault.service vault-first-boot.service vault-access.service"],
  },
  "vault-server/enterprise-files/etc/systemd/system/vault-license.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
      "UMask=0077",
    ],
    work: [
      "Wants=network-online.target",
      "After=network-online.target",
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "EnvironmentFile=/etc/vault.d/vault.env",
      "Environment=VAULT_LICENSE_PATH LICENSE_OWNER",
      "ExecStart=/usr/local/sbin/vault-license",
      "Restart=on-failure",
      "RestartSec=30",
      "TimeoutStartSec=45min",
      "RuntimeDirectory=vault-license",
      "RuntimeDirectoryMode=0755",
      "RuntimeDirectoryPreserve=yes",
      "WantedBy=multi-user.target",
    ],
  },
  "vault-server/enterprise-files/etc/systemd/system/vault-license.timer": {
    confinement: [],
    work: ["OnCalendar=daily", "RandomizedDelaySec=1h", "WantedBy=timers.target"],
  },
  "vault-server/enterprise-files/etc/systemd/system/vault.service.d/enterprise.conf": {
    confinement: [],
    work: ["After=vault-license.service", "Environment=VAULT_LICENSE_PATH"],
  },
  "vault-server/files/etc/systemd/system/logrotate.timer.d/vault.conf": {
    confinement: [],
    work: ["OnCalendar=", "OnCalendar=*:0/5", "AccuracySec=30s", "RandomizedDelaySec=0"],
  },
  "vault-server/files/etc/systemd/system/var-lib-vault.mount": {
    confinement: ["Options=noexec,nosuid,nodev"],
    work: [
      "Requires=vault-data-format.service",
      "After=vault-data-format.service",
      "What=@DATA_DISK@",
      "Where=/var/lib/vault",
      "Type=ext4",
      "DirectoryMode=0755",
    ],
  },
  "vault-server/files/etc/systemd/system/var-log-vault-memory.mount": {
    confinement: ["Options=size=64m,mode=0750,noswap,nosuid,nodev,noexec"],
    work: ["What=tmpfs", "Where=/var/log/vault/memory", "Type=tmpfs"],
  },
  "vault-server/files/etc/systemd/system/vault-access.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "ReadWritePaths=/var/lib/vault",
      "CapabilityBoundingSet=",
      "UMask=0077",
    ],
    work: [
      "Wants=vault.service",
      "After=vault.service vault-first-boot.service",
      "RequiresMountsFor=/var/lib/vault",
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "RemainAfterExit=yes",
      "EnvironmentFile=/etc/vault.d/vault.env",
      "Environment=VAULT_POLICIES VAULT_ACCESS_RECORD",
      "Environment=TLS_DIRECTORY VAULT_LISTENER",
      "Environment=RECOVERY_TOKEN_TTL",
      "Environment=LOGIN_AUDIENCES",
      "ExecStart=/usr/local/sbin/vault-access",
      "Restart=on-failure",
      "RestartSec=30",
      "TimeoutStartSec=45min",
      "WantedBy=multi-user.target",
    ],
  },
  "vault-server/files/etc/systemd/system/vault-certificate.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
      "UMask=0077",
    ],
    work: [
      "Wants=network-online.target",
      "After=network-online.target",
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "EnvironmentFile=/etc/vault.d/vault.env",
      "Environment=TLS_DIRECTORY TLS_OWNER VAULT_LISTENER",
      "ExecStart=/usr/local/sbin/vault-certificate",
      "Restart=on-failure",
      "RestartSec=30",
      "TimeoutStartSec=45min",
      "RuntimeDirectory=vault-tls",
      "RuntimeDirectoryMode=0755",
      "RuntimeDirectoryPreserve=yes",
      "WantedBy=multi-user.target",
    ],
  },
  "vault-server/files/etc/systemd/system/vault-certificate.timer": {
    confinement: [],
    work: ["OnCalendar=hourly", "RandomizedDelaySec=15min", "WantedBy=timers.target"],
  },
  "vault-server/files/etc/systemd/system/vault-data-format.service": {
    confinement: [
      ...everyService,
      ...noNewCode,
      ...ordinaryCalls,
      "DevicePolicy=closed",
      "DeviceAllow=@DATA_DISK@ rw",
      "CapabilityBoundingSet=",
      "PrivateNetwork=yes",
      "IPAddressDeny=any",
      "RestrictAddressFamilies=none",
      "UMask=0077",
    ],
    work: [
      "DefaultDependencies=no",
      "BindsTo=@DATA_DISK_UNIT@",
      "After=@DATA_DISK_UNIT@",
      "Conflicts=shutdown.target",
      "OnFailure=vault-data-missing.service",
      "Before=var-lib-vault.mount shutdown.target",
      "Type=oneshot",
      "RemainAfterExit=yes",
      "Environment=DATA_DISK DATA_DISK_CONTENT",
      "ExecStart=/usr/local/sbin/vault-data-format",
      "TimeoutStartSec=15min",
    ],
  },
  "vault-server/files/etc/systemd/system/vault-data-missing.service": {
    confinement: [
      ...noNewCode,
      "CapabilityBoundingSet=",
      "PrivateNetwork=yes",
      "RestrictAddressFamilies=none",
      "UMask=0077",
    ],
    work: [
      "Type=oneshot",
      "ExecStart=/bin/sh -c 'test -e @DATA_DISK@ || { echo \"The data disk did not come within 30 minutes, so Vault does not run. Attach it in Azure as logical unit 10: everything then starts by itself.\" >&2; exit 1; }'",
      "DynamicUser=yes",
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
      "PrivateTmp=yes",
      "ProtectHome=yes",
      "RestrictNamespaces=yes",
      "SystemCallArchitectures=native",
      "SystemCallFilter=@system-service",
      "MemorySwapMax=0",
      "LimitCORE=0",
    ],
  },
  "vault-server/files/etc/systemd/system/vault-first-boot.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      "ReadWritePaths=/var/lib/vault",
      "CapabilityBoundingSet=CAP_DAC_OVERRIDE",
      "UMask=0077",
    ],
    work: [
      "Wants=vault.service",
      "After=vault.service",
      "RequiresMountsFor=/var/lib/vault",
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "RemainAfterExit=yes",
      "EnvironmentFile=/etc/vault.d/vault.env",
      "Environment=FIRST_BOOT_STATE FIRST_BOOT_SESSION",
      "Environment=VAULT_RAFT_PATH FIRST_BOOT_AUDIT_LOG",
      "Environment=VAULT_LISTENER_TEMPLATE VAULT_LISTENER_FILE",
      "Environment=LOOPBACK_ADDRESS PUBLIC_ADDRESSES CLUSTER_ADDRESSES",
      "Environment=VAULT_POLICIES VAULT_ACCESS_RECORD RECOVERY_TOKEN_TTL",
      "Environment=TLS_DIRECTORY VAULT_LISTENER",
      "Environment=ENTRA_ISSUER_BASE",
      "Environment=LOGIN_AUDIENCES",
      "ExecStart=/usr/local/sbin/vault-first-boot",
      "Restart=on-failure",
      "RestartSec=10",
      "TimeoutStartSec=2h",
      "RuntimeDirectory=vault-first-boot",
      "RuntimeDirectoryMode=0700",
      "RuntimeDirectoryPreserve=yes",
      "WantedBy=multi-user.target",
    ],
  },
  "vault-server/files/etc/systemd/system/vault.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      ...ordinaryCalls,
      "User=vault",
      "Group=vault",
      "UMask=0077",
      "ReadWritePaths=/var/lib/vault",
      "CapabilityBoundingSet=",
    ],
    work: [
      "Wants=network-online.target vault-install.service",
      "RequiresMountsFor=/var/lib/vault /var/log/vault/memory",
      "After=network-online.target vault-install.service vault-certificate.service",
      "StartLimitIntervalSec=0",
      "Type=notify",
      "EnvironmentFile=/etc/vault.d/vault.env",
      "Environment=VAULT_RAFT_PATH",
      "Environment=AZURE_TOKEN_CREDENTIALS",
      "Environment=FIRST_BOOT_STATE VAULT_LISTENER_TEMPLATE",
      "Environment=VAULT_LISTENER_FILE LOOPBACK_ADDRESS PUBLIC_ADDRESSES",
      "Environment=CLUSTER_ADDRESSES",
      "ExecStartPre=+/usr/bin/install --directory --owner=vault --group=vault --mode=0700 /var/lib/vault/raft",
      "ExecStartPre=+/usr/local/sbin/vault-listener write",
      "ExecStart=/usr/local/bin/vault server -config=/etc/vault.d/vault.hcl -config=/etc/vault.d/raft.hcl -config=/run/vault/listener.hcl",
      "ExecReload=/bin/kill --signal HUP $MAINPID",
      "KillSignal=SIGINT",
      "TimeoutStopSec=30",
      "Restart=always",
      "RestartSec=5",
      "LogsDirectory=vault vault/memory",
      "LogsDirectoryMode=0750",
      "WantedBy=multi-user.target",
    ],
  },
  "vault-server/front-watch-files/etc/systemd/system/vault-watch.service.d/front.conf": {
    confinement: [],
    work: ["Environment=TLS_DIRECTORY"],
  },
  "vault-server/watch-files/etc/systemd/system/vault-watch.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      ...ordinaryCalls,
      "User=vault",
      "Group=vault",
      "UMask=0077",
      "CapabilityBoundingSet=",
      "IPAddressDeny=any",
      "IPAddressAllow=localhost",
    ],
    work: [
      "StartLimitIntervalSec=0",
      "Type=oneshot",
      "EnvironmentFile=/etc/vault.d/vault.env",
      "Environment=TLS_DIRECTORY VAULT_LISTENER",
      "Environment=SERVED_TLS_DIRECTORY",
      "Environment=WATCHED_DISKS",
      "ExecStart=/usr/local/sbin/vault-watch",
      "SyslogIdentifier=vault-watch",
      "TimeoutStartSec=45",
    ],
  },
  "vault-server/watch-files/etc/systemd/system/vault-watch.timer": {
    confinement: [],
    work: ["OnBootSec=1min", "OnCalendar=minutely", "AccuracySec=5s", "WantedBy=timers.target"],
  },
  "vault-server/front-cluster-files/etc/systemd/system/vault-turn.service.d/front.conf": {
    confinement: [],
    work: ["Environment=TLS_DIRECTORY"],
  },
  "vault-server/front-files/etc/systemd/system/haproxy.service": {
    confinement: [
      ...everyService,
      ...ownTemporaryFilesAndDevices,
      ...internet,
      ...noNewCode,
      ...ordinaryCalls,
      "User=haproxy",
      "Group=haproxy",
      "UMask=0077",
      "InaccessiblePaths=/var/log/vault",
      "CapabilityBoundingSet=",
    ],
    work: [
      "Wants=network-online.target",
      "After=network-online.target vault-certificate.service vault.service vault-first-boot.service",
      "RequiresMountsFor=/var/lib/vault",
      "StartLimitIntervalSec=0",
      "Type=notify",
      "EnvironmentFile=/etc/vault.d/vault.env",
      "ExecCondition=/usr/bin/grep --quiet --line-regexp complete /var/lib/vault/first-boot",
      "ExecStart=/usr/sbin/haproxy -Ws -f /etc/vault.d/front.cfg",
      "ExecReload=/bin/kill --signal USR2 $MAINPID",
      "KillMode=mixed",
      "Restart=always",
      "RestartSec=5",
      "WantedBy=multi-user.target",
    ],
  },
  "vault-server/front-files/etc/systemd/system/vault-access.service.d/front.conf": {
    confinement: [],
    work: ["Environment=TLS_DIRECTORY"],
  },
  "vault-server/front-files/etc/systemd/system/vault-certificate.service.d/front.conf": {
    confinement: [],
    work: ["Environment=TLS_OWNER TLS_SERVER TLS_SERVER_SIGNAL"],
  },
  "vault-server/front-files/etc/systemd/system/vault-first-boot.service.d/front.conf": {
    confinement: [],
    work: ["Wants=haproxy.service", "Environment=VAULT_LISTENER_TEMPLATE PUBLIC_ADDRESSES TLS_DIRECTORY"],
  },
  "vault-server/front-files/etc/systemd/system/vault.service.d/front.conf": {
    confinement: [],
    work: [
      "Environment=VAULT_LISTENER_TEMPLATE PUBLIC_ADDRESSES TLS_DIRECTORY",
      "Environment=TLS_OWNER",
      "ExecStartPre=+/usr/local/sbin/vault-front-certificate",
    ],
  },
};

const folder = join(__dirname, "../../cloud-init");

/** Lines that set something, but for what describes the unit. Of variables the names: their values are tested where they are used. */
function directivesOf(file: string): string[] {
  const lines = readFileSync(join(folder, file), "utf8").match(/^[A-Z]\w*=.*$/gm) ?? [];
  return lines
    .filter((line) => !/^(Description|Documentation)=/.test(line))
    .map((line) => (line.startsWith("Environment=") ? line.replaceAll(/(?<=[= ][A-Z_]+)=\S*/g, "") : line));
}

describe("The table of directives", () => {
  it("has every unit and drop-in, and no other", () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /systemd|device\.conf$/.test(join(entry.parentPath, entry.name)))
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    expect(Object.keys(units).sort()).toEqual(files.sort());
  });

  it.each(Object.entries(units))("is what %s has", (file, { confinement, work }) => {
    expect(directivesOf(file).sort()).toEqual([...confinement, ...work].sort());
  });

  it.each(
    // Not the one that only tells that a disk is missing, as a user of its own.
    Object.entries(units).filter(([file]) => /(?<!vault-data-missing)\.service$/.test(file)),
  )("confines %s as it does every service", (file, { confinement }) => {
    expect([basename(file), confinement]).toEqual([basename(file), expect.arrayContaining(everyService)]);
    expect(confinement.filter((line) => /^(CapabilityBoundingSet|UMask)=/.test(line))).toHaveLength(2);
  });

  it("gives no service a capability but those", () => {
    const given = Object.entries(units).flatMap(([file, { confinement }]) =>
      confinement.filter((line) => /Capabilit.*=./.test(line)).map((line) => `${basename(file)} ${line}`),
    );
    expect(given.sort()).toEqual([
      "vault-agent.service AmbientCapabilities=CAP_IPC_LOCK",
      "vault-agent.service CapabilityBoundingSet=CAP_IPC_LOCK",
      "vault-certificate.service CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
      "vault-first-boot.service CapabilityBoundingSet=CAP_DAC_OVERRIDE",
      "vault-license.service CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
    ]);
  });
});
