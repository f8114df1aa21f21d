import { COMMON, installed, type ManagedFiles, versionOf } from "../common/managed-units";

const variables = (...names: string[]): string[] =>
  names.map((name) => `/etc/vault-agent.d/agent.env#${name}`);

/** The effects of changes to an agent VM's user data. */
export const AGENT_VM_FILES: ManagedFiles = {
  units: [
    ...COMMON.units,
    installed("node", "nodejs.asc"),
    // Mounted at boot, and its content is in use.
    { name: "ramdisk.mount", enabled: true, onChange: "nothing", reads: [] },
    {
      name: "vault-ca-certificate.service",
      enabled: true,
      onChange: "restart",
      reads: ["/usr/local/sbin/vault-ca-certificate", ...variables("VAULT_CERTIFICATE_URL")],
    },
    { name: "vault-ca-certificate.timer", enabled: true, onChange: "restart", reads: [] },
    {
      name: "vault-agent.service",
      enabled: true,
      onChange: "restart",
      reads: [
        versionOf("vault"),
        "/etc/vault-agent.d/agent.hcl",
        "/etc/vault-agent.d/app-config.json.ctmpl",
        ...variables(
          "VAULT_ADDR",
          "DATABASE_CREDENTIALS_PATH",
          "DATABASE_HOST",
          "DATABASE_NAME",
          "TRANSIT_KEYS",
        ),
      ],
    },
    {
      name: "app-package.service",
      enabled: true,
      onChange: "restart",
      reads: ["/usr/local/sbin/app-package", ...variables("APP_PACKAGE_URL")],
    },
    { name: "app-package.timer", enabled: true, onChange: "restart", reads: [] },
    { name: "app.service", enabled: true, onChange: "restart", reads: [versionOf("node")] },
  ],
  readAtEachUse: [
    ...COMMON.readAtEachUse,
    // apply-user-data runs systemd-sysusers when it changes.
    "/etc/sysusers.d/agent-vm.conf",
  ],
};
