/**
 * What HashiCorp's Debian package puts on a VM as /usr/lib/systemd/system/vault.service, less the lines that the sandbox does not
 * apply (sandboxing, capabilities, limits). The project's drop-in builds on it. Source: Vault 1.21.0,
 * .release/linux/package/usr/lib/systemd/system/vault.service.
 */
export const VAULT_PACKAGE_UNIT = `[Unit]
Description="HashiCorp Vault - A tool for managing secrets"
Documentation=https://developer.hashicorp.com/vault/docs
Requires=network-online.target
After=network-online.target
ConditionFileNotEmpty=/etc/vault.d/vault.hcl
StartLimitIntervalSec=60
StartLimitBurst=3

[Service]
Type=notify
EnvironmentFile=/etc/vault.d/vault.env
User=vault
Group=vault
ExecStart=/usr/bin/vault server -config=/etc/vault.d/vault.hcl
ExecReload=/bin/kill --signal HUP $MAINPID
KillMode=process
KillSignal=SIGINT
Restart=on-failure
RestartSec=5
TimeoutStopSec=30
LimitCORE=0

[Install]
WantedBy=multi-user.target
`;

/** Where the package puts it. */
export const VAULT_PACKAGE_UNIT_PATH = "/usr/lib/systemd/system/vault.service";
