import { asObject, type Block, type SynthesizedStack } from "../synthesis";
import { environments, everyStack, systems } from "./environments";

/** Values that exist only for safety, for every resource of a type in every environment. */
const safe: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  azurerm_storage_account: {
    shared_access_key_enabled: false,
    default_to_oauth_authentication: true,
    local_user_enabled: false,
    allow_nested_items_to_be_public: false,
    cross_tenant_replication_enabled: false,
    https_traffic_only_enabled: true,
    min_tls_version: "TLS1_2",
    blob_properties: {
      versioning_enabled: true,
      delete_retention_policy: { days: 7 },
      container_delete_retention_policy: { days: 7 },
    },
    network_rules: expect.objectContaining({ default_action: "Deny", bypass: ["None"] }),
  },
  azurerm_storage_container: { container_access_type: "private" },
  azurerm_key_vault: {
    rbac_authorization_enabled: true,
    purge_protection_enabled: true,
    soft_delete_retention_days: 90,
    network_acls: expect.objectContaining({ default_action: "Deny", bypass: "None" }),
  },
  azurerm_key_vault_certificate: {
    certificate_policy: expect.objectContaining({
      issuer_parameters: { name: "Self" },
      key_properties: { key_type: "RSA", key_size: 3072, exportable: true, reuse_key: false },
      // vault-certificate reads only PEM.
      secret_properties: { content_type: "application/x-pem-file" },
      lifetime_action: [expect.objectContaining({ action: { action_type: "AutoRenew" } })],
      x509_certificate_properties: expect.objectContaining({
        key_usage: ["digitalSignature", "keyEncipherment"],
        extended_key_usage: ["1.3.6.1.5.5.7.3.1"],
      }),
    }),
  },
  azurerm_linux_virtual_machine: {
    disable_password_authentication: true,
    secure_boot_enabled: true,
    vtpm_enabled: true,
    boot_diagnostics: {},
  },
  azurerm_linux_web_app: {
    https_only: true,
    ftp_publish_basic_authentication_enabled: false,
    webdeploy_publish_basic_authentication_enabled: false,
    site_config: expect.objectContaining({
      ftps_state: "Disabled",
      minimum_tls_version: "1.2",
      scm_minimum_tls_version: "1.2",
      remote_debugging_enabled: false,
      vnet_route_all_enabled: true,
      ip_restriction_default_action: "Deny",
      scm_ip_restriction_default_action: "Deny",
    }),
    app_settings: expect.objectContaining({ APPLICATIONINSIGHTS_AUTHENTICATION_STRING: "Authorization=AAD" }),
  },
  azurerm_log_analytics_workspace: { local_authentication_enabled: false },
  azurerm_application_insights: { local_authentication_enabled: false },
  azurerm_management_lock: { lock_level: "CanNotDelete" },
  azurerm_monitor_data_collection_rule: {
    data_sources: expect.objectContaining({
      // The device that no deployer can change.
      log_file: [
        expect.objectContaining({ file_patterns: ["/var/log/vault/first-boot-audit.log"], format: "text" }),
      ],
    }),
  },
  azurerm_monitor_scheduled_query_rules_alert_v2: {
    auto_mitigation_enabled: true,
    criteria: [
      expect.objectContaining({ operator: "GreaterThan", threshold: 0, time_aggregation_method: "Count" }),
    ],
  },
  azurerm_virtual_machine_extension: { auto_upgrade_minor_version: true },
  azurerm_mysql_flexible_server: {
    storage: expect.objectContaining({ auto_grow_enabled: true }),
    lifecycle: expect.objectContaining({ ignore_changes: expect.arrayContaining(["storage[0].size_gb"]) }),
  },
  vault_audit: { options: { file_path: "/var/log/vault/memory/audit.log", mode: "0600" } },
  vault_quota_rate_limit: { path: "", rate: 500 },
  vault_transit_secret_backend_key: { exportable: false, allow_plaintext_backup: false },
  vault_jwt_auth_backend_role: {
    role_type: "jwt",
    bound_audiences: ["https://management.azure.com/"],
    bound_claims: { idp: expect.any(String), oid: expect.any(String), tid: expect.any(String) },
    token_bound_cidrs: [expect.stringMatching(/^10\.\d+\.3\.0\/24$/)],
  },
  vault_azure_auth_backend_role: {
    bound_subscription_ids: [expect.any(String)],
    bound_resource_groups: [expect.any(String)],
    token_bound_cidrs: [expect.stringMatching(/^10\.\d+\.4\.0\/24$/)],
  },
  vault_database_secret_backend_connection: { verify_connection: true },
  vault_auth_backend: { tune: [{ default_lease_ttl: "1h", max_lease_ttl: "1h" }] },
};

/** Parameters of MySQL, one resource each. */
const mysqlParameters = {
  require_secure_transport: "ON",
  tls_version: "TLSv1.2,TLSv1.3",
  audit_log_enabled: "ON",
  audit_log_events: "CONNECTION,DDL,DCL",
};

const environment = (name: string) => {
  const found = environments.get(name);
  if (!found) throw new Error(`no environment ${name}`);
  return found;
};
const stackOf = (name: string, stack: string) => systems.get(name)?.get(stack) as SynthesizedStack;
const names = [...environments.keys()];
const ids = (subnets: readonly string[]) =>
  subnets.map((one) => /subnet_(\w+?)_subnet|snet-runners/.exec(one)?.[0] ?? one);

describe("Safety settings", () => {
  it.each(everyStack)("%s, %s: have the table's values", (_environment, _name, stack) => {
    for (const { type, path, attributes } of stack.resources()) {
      expect({ at: path, ...attributes }).toMatchObject({ at: path, ...safe[type] });
    }
  });

  it("are all in use: the table has no unused row", () => {
    const used = new Set(everyStack.flatMap(([, , stack]) => stack.resources().map(({ type }) => type)));
    expect(Object.keys(safe).filter((type) => !used.has(type))).toEqual([]);
  });

  it.each(names)("%s: MySQL accepts only TLS, and logs connections and changes of rights", (name) => {
    const parameters = stackOf(name, "mysql").resources("azurerm_mysql_flexible_server_configuration");
    expect(Object.fromEntries(parameters.map((it) => [it.get("name"), it.get("value")]))).toMatchObject(
      mysqlParameters,
    );
  });

  it.each(names)(
    "%s: database users need TLS, have the role's rights in one database, and cannot grant rights",
    (name) => {
      const roles = stackOf(name, "vault-config").resources("vault_database_secret_backend_role");
      expect(roles.length).toBeGreaterThan(2);
      for (const role of roles) {
        const { privileges = [] } = environment(name).databaseRoles[String(role.get("name"))] ?? {};
        expect(role.get("creation_statements")).toEqual([
          "CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}' REQUIRE SSL",
          expect.stringMatching(
            new RegExp(`^GRANT ${privileges.join(", ")} ON \`[^\`*]+\`\\.\\* TO '{{name}}'@'%'$`),
          ),
        ]);
        expect(role.get("revocation_statements")).toEqual(["DROP USER IF EXISTS '{{name}}'@'%'"]);
      }
    },
  );

  it.each(names)("%s: keys have only their own purpose", (name) => {
    const keys = [...(systems.get(name)?.values() ?? [])].flatMap((stack) =>
      stack.resources("azurerm_key_vault_key"),
    );
    const uses = Object.fromEntries(keys.map((key) => [key.get("name"), key.get("key_opts")]));
    expect(uses).toEqual({ "vault-unseal": ["wrapKey", "unwrapKey"], "vm-admin-ssh": ["verify"] });
  });
});

describe("Access:", () => {
  const publicOf = (ranges: readonly { cidr: string }[]) =>
    ranges
      .map(({ cidr }) => cidr)
      .filter((cidr) => !/^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(cidr))
      .sort();
  const rules = (block: Block) => asObject(block.get("network_acls"));

  it.each(names)(
    "%s: deployers reach the Key Vaults, and of the subnets only Vault's reaches the recovery keys",
    (name) => {
      const stack = stackOf(name, "vault-server");
      const { network } = environment(name);
      const runners = network.deployerSubnets.map(({ id }) => id);
      const reached = Object.fromEntries(
        stack
          .resources("azurerm_key_vault")
          .map((keyVault) => [keyVault.path, ids(rules(keyVault)["virtual_network_subnet_ids"] as string[])]),
      );
      for (const keyVault of stack.resources("azurerm_key_vault"))
        expect([...(rules(keyVault)["ip_rules"] as string[])].sort()).toEqual(
          publicOf(network.deployerRanges),
        );
      const [own, more] = [
        reached["vault-server/recovery-key-vault/vault"] ?? [],
        reached["vault-server/key-vault/vault"] ?? [],
      ];
      // The other subnets use private endpoints if there are any (private-endpoints.test.ts).
      const hasEndpoints = network.subnets.privateEndpoints !== undefined;
      expect(own).toHaveLength((hasEndpoints ? 0 : 1) + runners.length);
      if (!hasEndpoints) expect(own[0]).toMatch(/network_vault_/);
      expect(more).toHaveLength((hasEndpoints ? 0 : 3) + runners.length);
    },
  );

  it.each(names)(
    "%s: packages come only from deployers' networks, which may be visitors' networks or not",
    (name) => {
      const { network } = environment(name);
      for (const app of stackOf(name, "web-app").resources("azurerm_linux_web_app")) {
        const site = asObject(app.get("site_config"));
        const addresses = (rule: string) =>
          (site[rule] as { ip_address?: string; action: string }[])
            .map(({ action, ip_address }) => [action, ip_address])
            .filter(([, address]) => address !== undefined)
            .map(([action, address]) => `${action} ${address}`)
            .sort();
        const allowed = (ranges: readonly { cidr: string }[]) =>
          publicOf(ranges).map((cidr) => `Allow ${cidr}`);
        expect(addresses("scm_ip_restriction")).toEqual(allowed(network.deployerRanges));
        expect(addresses("ip_restriction")).toEqual(
          allowed([...network.deployerRanges, ...network.clientRanges]),
        );
      }
    },
  );

  it.each(names)("%s: root runs extensions only if a person logs in with one or one sends logs", (name) => {
    const machines = [...(systems.get(name)?.values() ?? [])].flatMap((stack) =>
      stack.resources("azurerm_linux_virtual_machine"),
    );
    expect(machines.length).toBeGreaterThan(0);
    for (const machine of machines)
      expect(machine.get("allow_extension_operations")).toBe(
        environment(name).network.sshAdministrators.length > 0 ||
          environment(name).evidenceWorkspace !== undefined,
      );
  });

  it.each(names)("%s: a web app logs refusals and deployments", (name) => {
    const stack = stackOf(name, "web-app");
    for (const app of stack.resources("azurerm_linux_web_app")) {
      const logs = stack
        .resources("azurerm_monitor_diagnostic_setting")
        .filter(
          (setting) =>
            setting.get("target_resource_id") === app.ref("id") && setting.get("name") === "log-analytics",
        )
        .flatMap((setting) =>
          (setting.get("enabled_log") as { category: string }[]).map(({ category }) => category),
        );
      expect(logs).toEqual(
        expect.arrayContaining(["AppServiceHTTPLogs", "AppServiceAuditLogs", "AppServiceIPSecAuditLogs"]),
      );
    }
  });

  it.each(names)("%s: Vault gets a rate limit and an audit device", (name) => {
    const stack = stackOf(name, "vault-config");
    expect(stack.resources("vault_quota_rate_limit")).toHaveLength(1);
    expect(stack.resources("vault_audit")).toHaveLength(1);
  });
});
