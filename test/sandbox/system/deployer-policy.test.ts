import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { ChildProgram } from "../../../lib/processes/child-program";
import { VaultClient, type VaultMethod, VaultRefusal } from "../../../lib/vault-api/vault-client";
import { withFreePort } from "../../../sandbox/programs/free-port";
import { vaultServer } from "../../cloud-init/examples";
import { filesOf } from "../../cloud-init/machine";
import { describeWithVault, vaultThere } from "../programs-there";

const policy = filesOf(vaultServerUserData(vaultServer)).get("/etc/vault.d/deployer-policy.hcl") ?? "";

type Body = Record<string, unknown>;

const own = (host: string, options = "tls=true") => `{{username}}:{{password}}@tcp(${host})/?${options}`;
const ours = "mysql-demo-x.mysql.database.azure.com:3306";
const mysql = { plugin_name: "mysql-database-plugin", verify_connection: false };
const connection = (connection_url: string, more: Body = {}): Body => ({ ...mysql, connection_url, ...more });
const tune: Body[] = [
  { audit_non_hmac_request_keys: ["plaintext"] },
  { audit_non_hmac_response_keys: ["plaintext"] },
  { audit_non_hmac_response_keys: "plaintext" },
  { passthrough_request_headers: ["Authorization"] },
  { plugin_version: "v9.9.9" },
];
const mount = (other: string, more: Body = {}): Body[] => [
  { type: other, ...more },
  { type: "plugin", config: { plugin_name: other } },
  { type: "plugin", plugin_name: other },
  { type: ` ${other}` },
];
const log = { file_path: "/var/log/vault/memory/audit.log", mode: "0600" };
const role = { role_type: "jwt", user_claim: "oid", bound_subject: "x" };
const rolePolicies: Body[] = [
  { token_policies: ["root"] },
  { token_policies: ["workload-x", "machine"] },
  { token_policies: "workload-x,machine" },
  { token_policies: "workload-x, recovery-key-reader" },
  { token_policies: ["workload-x,deployer"] },
  { policies: ["machine"] },
  { Token_Policies: ["machine"] },
];

/** The worst values for each path of the policy. */
const worstValues: Readonly<Record<string, readonly Body[]>> = {
  "sys/mounts/database": mount("kv"),
  "sys/mounts/transit": mount("pki"),
  "sys/mounts/transform": mount("kv", { options: { version: "2" } }),
  "sys/mounts/database/tune": tune,
  "sys/mounts/transit/tune": tune,
  "sys/mounts/transform/tune": tune,
  "sys/auth/azure": mount("approle"),
  "sys/auth/jwt": mount("userpass"),
  "sys/auth/azure/tune": tune,
  "sys/auth/jwt/tune": tune,
  "sys/mounts/auth/azure/tune": tune,
  "sys/mounts/auth/jwt/tune": tune,
  "sys/audit/file": [
    { type: "socket", options: { address: "127.0.0.1:9", log_raw: "true" } },
    { type: "syslog", options: log },
    { type: "file", options: { ...log, log_raw: "true" } },
    { type: "file", options: { ...log, file_path: "/var/lib/vault/raft/raft.db" } },
    { type: "file", options: { ...log, mode: "0777" } },
    { type: "file", options: { ...log, prefix: "x" } },
    { type: "file", options: log, local: true },
  ],
  "auth/azure/config": [
    { tenant_id: "x", resource: "https://attacker.example/" },
    { tenant_id: "x", environment: "AzureChinaCloud" },
    { tenant_id: "x", client_id: "another identity of the VM" },
    { tenant_id: "x", client_secret: "x" },
  ],
  "auth/jwt/config": [
    { oidc_discovery_url: "https://attacker.example/" },
    { oidc_discovery_url: "http://169.254.169.254/" },
    { jwks_url: "https://attacker.example/keys" },
    { jwt_validation_pubkeys: ["-----BEGIN PUBLIC KEY-----"] },
    { oidc_discovery_url: "https://sts.windows.net/x/", oidc_discovery_ca_pem: "x" },
    { provider_config: { provider: "gsuite", gsuite_service_account: "/etc/shadow" } },
    { bound_issuer: "https://attacker.example/" },
  ],
  "auth/azure/role/x": rolePolicies,
  "auth/jwt/role/x": rolePolicies.map((it) => ({ ...role, ...it })),
  "database/config/mysql": [
    connection(own("attacker.example:3306")),
    connection(own(ours, "tls=true&allowAllFiles=true")),
    connection(own(ours, "allowAllFiles=true&tls=true")),
    connection(own(ours, "tls=skip-verify")),
    connection(own(ours, "tls=false")),
    connection(own(ours, "")),
    connection(own(ours, "tls=true"), {
      connection_url: own("attacker.example:3306", `a=${ours})/?tls=true&x`),
    }),
    connection(own(ours), { tls_ca: "x" }),
    connection(own(ours), { tls_skip_verify: true }),
    connection(own(ours), { tls_server_name: "attacker.example" }),
    connection(own(ours), { root_rotation_statements: ["DROP DATABASE customers"] }),
    connection(own(ours), { username_template: "root" }),
    connection(own(ours), { auth_type: "gcp_iam", service_account_json: "/etc/shadow" }),
    connection(own(ours), { plugin_name: "postgresql-database-plugin" }),
    connection(own(ours), { plugin_name: "mine" }),
    connection(own(ours), { plugin_version: "v9.9.9" }),
    connection(own(ours), { password_policy: "mine" }),
  ],
  "sys/leases/revoke": [{ lease_id: "auth/azure/login/x" }, { lease_id: " auth/x" }, { prefix: "auth" }],
  "database/rotate-root/other": [{}],
  "database/roles/x": [
    { db_name: "other", creation_statements: [] },
    { db_name: "mysql", credential_type: "rsa_private_key" },
    { db_name: "mysql", credential_config: { password_policy: "mine" } },
  ],
  "transit/keys/x": [{ exportable: true }, { allow_plaintext_backup: true }, { exportable: "true" }],
  "transit/keys/x/config": [{ exportable: true }, { allow_plaintext_backup: true }],
  "transit/keys/x/rotate": [{ managed_key_name: "x" }],
  "transit/keys/x/trim": [{ min_available_version: 2 }],
  "transit/keys/x/import": [{ ciphertext: "x" }],
  "database/config/other": [connection(own(ours))],
  // The first node stays for any number of nodes.
  "sys/storage/raft/remove-peer": [{ server_id: "vault-1" }, { server_id: "other" }],
};

/** Paths at which deployers may choose the values. */
const nothingToBind = [
  // A person who writes policies can also write their own. docs/security.md says which log shows it.
  "sys/policies/acl/workload-*",
  "sys/leases/revoke-prefix/database/*",
  "sys/leases/revoke-prefix/auth/azure/login",
  "sys/leases/revoke-prefix/auth/jwt/login",
  // A policy cannot restrict a number. A rate that is too low causes a visible outage.
  "sys/quotas/rate-limit/each-client",
  // These are numbers, too. If the time is too short, autopilot removes a node that is down, which is visible.
  "sys/storage/raft/autopilot/configuration",
  "database/rotate-root/mysql",
  "auth/token/renew-self",
  "auth/token/revoke-self",
  "sys/capabilities-self",
  // Only Enterprise has these: shapes and roles.
  ...["role", "transformation", "transformations", "template", "alphabet"].map((it) => `transform/${it}/*`),
];

/** Values that the project itself writes, in the requests of provider 5.6. Vault may refuse the value, but its policy must not. */
const honest: readonly (readonly [string, Body])[] = [
  [
    "sys/mounts/transit",
    { type: "transit", config: { default_lease_ttl: "0s", force_no_cache: false }, local: false },
  ],
  ["sys/mounts/transit/tune", { default_lease_ttl: "0s", description: "x", options: {} }],
  ["sys/mounts/auth/azure/tune", { audit_non_hmac_request_keys: [""], passthrough_request_headers: [""] }],
  ["sys/audit/file", { type: "file", description: "x", local: false, options: log }],
  [
    "auth/azure/config",
    { tenant_id: "x", resource: "https://management.azure.com/", client_id: "", environment: "" },
  ],
  [
    "auth/jwt/config",
    { oidc_discovery_url: "https://sts.windows.net/x/", bound_issuer: "https://sts.windows.net/x/" },
  ],
  ["auth/jwt/role/x", { ...role, token_policies: ["workload-x"], token_ttl: 60 }],
  [
    "database/config/mysql",
    connection(own(ours), { username: "vaultadmin", password: "x", allowed_roles: "a,b" }),
  ],
  ["database/roles/x", { db_name: "mysql", creation_statements: ["CREATE USER x"], default_ttl: 60 }],
  ["transit/keys/x", { type: "aes256-gcm96", exportable: undefined }],
  ["transit/keys/x/config", { exportable: false, deletion_allowed: true }],
  ["transit/keys/x/rotate", {}],
  ["sys/storage/raft/remove-peer", { server_id: "vault-3" }],
];

describeWithVault("The deployers' policy", () => {
  let folder: string;
  let stop: () => Promise<unknown>;
  let deployer: VaultClient;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "deployer-policy-"));
    await withFreePort(async (port) => {
      const program = await ChildProgram.start({
        name: "Vault",
        command: vaultThere() ?? "",
        args: ["server", "-dev", "-dev-root-token-id=root", `-dev-listen-address=127.0.0.1:${port}`],
        env: { PATH: process.env.PATH, HOME: folder },
        cwd: folder,
        logFile: join(folder, "vault.log"),
      });
      stop = () => program.stop();
      const connection = { address: `http://127.0.0.1:${port}`, caFile: "" };
      const root = new VaultClient(connection, "root");
      await program.until("Vault to be active", () => root.read("sys/mounts"), { deadlineMs: 30_000 });
      const put = (path: string, body: Body) => root.request({ method: "PUT", path, body });
      await put("sys/policies/acl/deployer", { policy });
      for (const type of ["database", "transit"]) await put(`sys/mounts/${type}`, { type });
      for (const type of ["azure", "jwt"]) await put(`sys/auth/${type}`, { type });
      const { auth } = await put("auth/token/create", { policies: ["deployer"] });
      deployer = new VaultClient(connection, String((auth as Body)["client_token"]));
    });
  }, 60_000);
  afterAll(async () => {
    await stop?.();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Returns true if the policy allows the request, even if Vault then refuses the value. */
  const passes = async (path: string, body: Body, method: VaultMethod = "PUT"): Promise<boolean> => {
    try {
      await deployer.request({ method, path, body });
      return true;
    } catch (error) {
      if (!(error instanceof VaultRefusal)) throw error;
      return error.status !== 403;
    }
  };

  it.each(
    Object.entries(worstValues).flatMap(([path, bodies]) => bodies.map((body) => [path, body] as const)),
  )("refuses at %s: %j", async (path, body) => {
    expect(await passes(path, body)).toBe(false);
  });

  it.each(honest)("allows at %s the values that the project writes", async (path, body) => {
    expect(await passes(path, body)).toBe(true);
  });

  it("has a worst value for each writable path, or a reason why not", () => {
    const written = [...policy.matchAll(/^path "(\S+)"\s*\{([^}]*)/gm)]
      .filter(([, , rule = ""]) => /"(create|update)"/.test(rule))
      .map(([, path = ""]) => path);
    expect(written.length).toBeGreaterThan(20);
    const attacked = (path: string) =>
      Object.keys(worstValues).some((it) =>
        new RegExp(`^${path.replaceAll("+", "[^/]+").replace(/\*$/, ".+")}$`).test(it),
      );
    expect(written.filter((path) => !attacked(path) && !nothingToBind.includes(path))).toEqual([]);
  });
});
