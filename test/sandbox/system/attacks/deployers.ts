import type { Attack } from "./scene";

const plaintext = { plaintext: "aGVsbG8=" };
const policy = { policy: 'path "*" { capabilities = ["read", "sudo"] }' };
const unsupported = /^404 .*unsupported path/;
const denied = /^403 .*permission denied/;

/** Forbidden requests with a deployer's token, as METHOD path body. */
const refused = (what: string, request: string, body?: unknown, refusal = denied): Attack => [
  `${what}: ${request}`,
  refusal,
  (scene) => scene.asDeployer(request, body),
];

export const secrets: readonly Attack[] = [
  refused("database users", "GET database/creds/short"),
  refused("the web app's database users", "GET database/creds/long"),
  refused("database users by two slashes", "GET database//creds/short"),
  refused("database users by a detour", "GET database/roles/../creds/short"),
  refused(
    "database users by an encoded detour",
    "GET database/roles/..%2Fcreds/short",
    undefined,
    unsupported,
  ),
  refused("static database users", "GET database/static-creds/any"),
  refused("plaintext", "POST transit/decrypt/customer-key", { ciphertext: "vault:v1:x" }),
  refused("ciphertext", "POST transit/encrypt/customer-key", plaintext),
  refused("a data key", "POST transit/datakey/plaintext/customer-key", {}),
  refused("rewrapped ciphertext", "POST transit/rewrap/customer-key", { ciphertext: "vault:v1:x" }),
  refused("a code under the key", "POST transit/hmac/customer-key", { input: "aGVsbG8=" }),
  refused("the encryption key itself", "GET transit/export/encryption-key/customer-key"),
  refused("the encryption key by a detour", "GET transit/keys/..%2Fexport/encryption-key/customer-key"),
  refused("the encryption key for another's public key", "GET transit/byok-export/customer-key/archive-key"),
  refused("the key's backup", "GET transit/backup/customer-key"),
  refused("a key of their own in its place", "POST transit/restore/customer-key", {
    backup: "x",
    force: true,
  }),
  refused("plaintext under another spelling of the mount", "POST Transit/decrypt/customer-key", plaintext),
  refused("Vault's storage", "GET sys/raw/core/master"),
  refused("a snapshot of the storage", "GET sys/storage/raft/snapshot"),
  refused("another storage", "POST sys/storage/raft/snapshot-force", {}),
  refused("the leases of database users", "LIST sys/leases/lookup/database/creds/short"),
  refused("what Vault does, live", "GET sys/monitor"),
  refused("Vault's memory", "GET sys/pprof/heap"),
  refused("Vault's configuration", "GET sys/config/state/sanitized"),
];

export const tokens: readonly Attack[] = [
  refused("a root token", "POST auth/token/create", { policies: ["root"] }),
  refused("a token of the web app's policy", "POST auth/token/create", { policies: ["workload-webapp"] }),
  refused("a token that outlives them", "POST auth/token/create-orphan", {}),
  refused(
    "a token, with a slash at the end of the path",
    "POST auth/token/create/",
    {},
    /^400 cannot write to a path ending in '\/'/,
  ),
  refused("a token with an encoded slash at the end", "POST auth/token/create%2F", {}, /^400 cannot write/),
  refused("a token by two slashes", "POST auth/token//create", {}),
  refused("a token by a role", "POST auth/token/create/any", {}),
  refused("a role for tokens", "POST auth/token/roles/any", { allowed_policies: ["root"] }),
  ...["root", "machine", "recovery-key-reader", "deployer"].map((policy) =>
    refused(`a role that hands out ${policy}`, "POST auth/jwt/role/mine", jwtRole([policy])),
  ),
  refused(
    "a role that issues machine behind a comma",
    "POST auth/jwt/role/mine",
    jwtRole("workload-webapp,machine"),
  ),
  refused("the list of all tokens", "LIST auth/token/accessors"),
  refused("an identity with more policies", "POST identity/entity", { name: "x", policies: ["root"] }),
  refused("a group with more policies", "POST identity/group", { name: "x", policies: ["root"] }),
  refused("the end of all logins", "PUT sys/leases/revoke-prefix/auth", {}),
  refused("the end of all logins by a detour", "PUT sys/leases/revoke-prefix/database/../../auth", {}),
];

export const ownAccess: readonly Attack[] = [
  refused("their policy", "PUT sys/policies/acl/deployer", policy),
  refused("their policy in capitals", "PUT sys/policies/acl/DEPLOYER", policy),
  refused("their policy with a space before it", "PUT sys/policies/acl/%20deployer", policy),
  refused("their policy with a space after it", "PUT sys/policies/acl/deployer%20", policy),
  refused("their policy with a tab", "PUT sys/policies/acl/deployer%09", policy, /^400 /),
  refused("their policy in part encoded", "PUT sys/policies/acl/%64eployer", policy),
  refused(
    "their policy, with a slash at the end of the path",
    "PUT sys/policies/acl/deployer/",
    policy,
    /^400 cannot write/,
  ),
  refused("their policy by two slashes", "PUT sys/policies/acl//deployer", policy),
  refused("their policy by a detour", "PUT sys/policies/acl/workload-x/../deployer", policy),
  refused(
    "their policy by an encoded detour",
    "PUT sys/policies/acl/workload-x%2F..%2Fdeployer",
    policy,
    /^400 .*relative paths not supported/,
  ),
  refused("their policy by the older path", "PUT sys/policy/deployer", policy),
  refused("the end of their policy", "DELETE sys/policies/acl/Deployer"),
  refused("the policy of every token", "PUT sys/policies/acl/default", policy),
  refused("the root policy", "PUT sys/policies/acl/root", policy),
  refused("their role", "POST auth/deployer/role/deployer", { token_policies: ["root"] }),
  refused("another role for deployers", "POST auth/deployer/role/other", { role_type: "jwt" }),
  refused("whose tokens are believed", "POST auth/deployer/config", {
    oidc_discovery_url: "https://attacker.example",
  }),
  refused("the end of their mount", "DELETE sys/auth/deployer"),
  refused("the end of their mount, slash at the end", "DELETE sys/auth/deployer/"),
  refused("the end of their mount, a dot before it", "DELETE sys/auth/.%2Fdeployer"),
  refused("the end of their mount, a slash before it", "DELETE sys/auth/%2Fdeployer"),
  refused("the end of their mount, a detour", "DELETE sys/auth/azure%2F..%2Fdeployer"),
  refused("the end of their mount, as any mount", "DELETE sys/mounts/auth/deployer"),
  refused(
    "the end of their mount, as of any mount, by a detour",
    "DELETE sys/mounts/database%2F..%2Fauth%2Fdeployer",
  ),
  refused("longer tokens", "POST sys/auth/deployer/tune", { max_lease_ttl: "9000h" }),
  refused("longer tokens, as any mount", "POST sys/mounts/auth/deployer/tune", { max_lease_ttl: "9000h" }),
  refused("longer tokens by a detour", "POST sys/mounts/auth%2Fazure%2F..%2Fdeployer/tune", {
    max_lease_ttl: "9000h",
  }),
  refused("their mount elsewhere", "POST sys/remount", { from: "auth/deployer", to: "auth/other" }),
  refused("a mount of passwords", "POST sys/auth/userpass", { type: "userpass" }),
  refused("a mount for secrets of their own", "POST sys/mounts/mine", { type: "kv" }),
];

const plugin = {
  plugin_name: "mysql-database-plugin",
  username: "x",
  password: "x",
  verify_connection: false,
};
const connectionUrl = (options: string) => `{{username}}:{{password}}@tcp(127.0.0.1:3306)/?${options}`;

/** Vault's own VM, through requests that Vault sends for its engines. */
export const vaultsMachine: readonly Attack[] = [
  ...["tls=true&allowAllFiles=true", "allowAllFiles=true&tls=true", "tls=skip-verify", "tls=false", ""].map(
    (options) =>
      refused(`a way to MySQL with the options "${options}"`, "POST database/config/mysql", {
        ...plugin,
        connection_url: connectionUrl(options),
      }),
  ),
  refused("another connection", "POST database/config/mine", {
    ...plugin,
    connection_url: connectionUrl("tls=true"),
  }),
  refused("SQL of their own as MySQL's administrator", "POST database/config/mysql", {
    root_rotation_statements: ["DROP DATABASE customers"],
  }),
  refused("a key file of Vault's VM", "POST auth/jwt/config", {
    provider_config: { provider: "gsuite", gsuite_service_account: "/etc/shadow" },
  }),
  refused("whatever the VM can reach", "POST auth/jwt/config", {
    oidc_discovery_url: "http://169.254.169.254/",
  }),
  refused("the audit log over Vault's storage", "PUT sys/audit/file", {
    type: "file",
    options: { file_path: "/var/lib/vault/raft/raft.db" },
  }),
  refused("secrets in the audit log in clear", "POST sys/mounts/transit/tune", {
    audit_non_hmac_response_keys: ["plaintext"],
  }),
  refused("another auth method in azure's place", "POST sys/auth/azure", { type: "approle" }),
  refused("another engine in the database's place", "POST sys/mounts/database", { type: "kv" }),
  refused("a key that can be taken out", "POST transit/keys/customer-key/config", { exportable: true }),
  refused("the keys before today's", "POST transit/keys/customer-key/trim", { min_available_version: 1 }),
];

export const traces: readonly Attack[] = [
  refused("first boot's audit device", "DELETE sys/audit/first-boot"),
  refused("first boot's audit device, slash at the end", "DELETE sys/audit/first-boot/"),
  refused("first boot's audit device, in capitals", "DELETE sys/audit/First-Boot"),
  refused("first boot's audit device, a slash before it", "DELETE sys/audit/%2Ffirst-boot"),
  refused("first boot's audit device, a space before it", "DELETE sys/audit/%20first-boot"),
  refused("first boot's audit device, a detour", "DELETE sys/audit/file%2F..%2Ffirst-boot"),
  refused("first boot's audit device, two slashes", "DELETE sys/audit//first-boot"),
  refused("another in its place", "PUT sys/audit/first-boot", {
    type: "file",
    options: { file_path: "discard" },
  }),
  refused("a copy of everything by a socket", "PUT sys/audit/copy", socket()),
  refused("a copy of everything by a socket named file", "PUT sys/audit/file", socket()),
  refused("a copy of everything to syslog", "PUT sys/audit/file", {
    type: "syslog",
    options: { log_raw: "true" },
  }),
  refused("what a hash in the log stands for", "POST sys/audit-hash/first-boot", { input: "guess" }),
  refused("headers kept out of the log", "PUT sys/config/auditing/request-headers/x", { hmac: false }),
];

function jwtRole(token_policies: string | string[]) {
  return { role_type: "jwt", user_claim: "oid", bound_subject: "x", token_policies };
}

function socket() {
  return { type: "socket", options: { address: "127.0.0.1:9", log_raw: "true" } };
}

export const vaultItself: readonly Attack[] = [
  refused("seal", "PUT sys/seal", {}),
  refused("step down", "PUT sys/step-down", {}),
  refused("rotate the keyring", "POST sys/rotate", {}),
  refused("plugins", "PUT sys/plugins/catalog/database/mine", { command: "sh", sha256: "0" }),
  refused("Raft's members", "POST sys/storage/raft/remove-peer", { server_id: "x" }),
  refused("log levels", "POST sys/loggers", { level: "trace" }),
  // Before Vault 2.0, everybody may start these two, so HAProxy blocks them. Deployers cannot read the recovery keys either.
  refused(
    "a root token with a made-up recovery key",
    "PUT sys/generate-root/update",
    { key: "00".repeat(33), nonce: "x" },
    /^403 recovery endpoints are closed to the network/,
  ),
  refused(
    "init again",
    "PUT sys/init",
    { recovery_shares: 1, recovery_threshold: 1 },
    /^400 Vault is already initialized/,
  ),
  refused(
    "new recovery keys with a made-up one",
    "PUT sys/rekey-recovery-key/update",
    { key: "00".repeat(33), nonce: "x" },
    /^403 recovery endpoints are closed to the network/,
  ),
];
