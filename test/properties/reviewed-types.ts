type Attributes = Readonly<Record<string, unknown>>;

/** The review of a resource type before its first use. */
export interface ReviewedType {
  /** True if Azure accepts tags for it. */
  tags: boolean;
  /** The credential that the provider would write into the state, and the check that the resource avoids it. */
  credential?: {
    /** The credential's name in docs/security.md. */
    what: string;
    /** Returns true if the credential stays out of the state or opens nothing. */
    worthless: (attributes: Attributes) => boolean;
  };
}

const tagged: ReviewedType = { tags: true };
const untagged: ReviewedType = { tags: false };
const without =
  (...names: string[]) =>
  (attributes: Attributes) =>
    names.every((name) => !(name in attributes));

/**
 * Every allowed resource type. Before you add one, read in the provider's documentation which attributes it exports.
 * Keys, passwords, tokens and connection strings go into the state even if nobody requests them.
 */
export const reviewedTypes: Readonly<Record<string, ReviewedType>> = {
  azurerm_application_insights: {
    tags: true,
    credential: {
      what: "instrumentation key and connection string",
      worthless: (attributes) => attributes["local_authentication_enabled"] === false,
    },
  },
  azurerm_application_insights_workbook: tagged,
  azurerm_key_vault: tagged,
  azurerm_key_vault_certificate: {
    tags: true,
    credential: { what: "private key of an imported certificate", worthless: without("certificate") },
  },
  azurerm_key_vault_key: tagged,
  azurerm_key_vault_secret: {
    tags: true,
    credential: { what: "the secret's value", worthless: without("value") },
  },
  azurerm_lb: tagged,
  azurerm_lb_backend_address_pool: untagged,
  azurerm_lb_probe: untagged,
  azurerm_lb_rule: untagged,
  azurerm_linux_virtual_machine: {
    tags: true,
    credential: { what: "administrator's password", worthless: without("admin_password", "custom_data") },
  },
  azurerm_linux_web_app: {
    tags: true,
    credential: {
      what: "publishing credentials",
      worthless: (attributes) =>
        attributes["ftp_publish_basic_authentication_enabled"] === false &&
        attributes["webdeploy_publish_basic_authentication_enabled"] === false &&
        without("connection_string", "storage_account", "auth_settings", "backup")(attributes),
    },
  },
  azurerm_log_analytics_workspace: {
    tags: true,
    credential: {
      what: "shared keys",
      worthless: (attributes) => attributes["local_authentication_enabled"] === false,
    },
  },
  azurerm_managed_disk: tagged,
  azurerm_management_lock: untagged,
  azurerm_monitor_action_group: tagged,
  azurerm_monitor_autoscale_setting: tagged,
  azurerm_monitor_data_collection_endpoint: tagged,
  azurerm_monitor_data_collection_rule: tagged,
  azurerm_monitor_data_collection_rule_association: untagged,
  azurerm_monitor_diagnostic_setting: untagged,
  azurerm_monitor_metric_alert: tagged,
  azurerm_monitor_scheduled_query_rules_alert_v2: tagged,
  azurerm_mysql_flexible_database: untagged,
  azurerm_mysql_flexible_server: {
    tags: true,
    credential: { what: "administrator's password", worthless: without("administrator_password") },
  },
  azurerm_mysql_flexible_server_configuration: untagged,
  azurerm_nat_gateway: tagged,
  azurerm_nat_gateway_public_ip_association: untagged,
  azurerm_network_interface: tagged,
  azurerm_network_interface_backend_address_pool_association: untagged,
  azurerm_network_security_group: tagged,
  azurerm_network_security_rule: untagged,
  azurerm_private_dns_a_record: tagged,
  azurerm_private_dns_zone: tagged,
  azurerm_private_dns_zone_virtual_network_link: tagged,
  azurerm_private_endpoint: tagged,
  azurerm_public_ip: tagged,
  azurerm_resource_group: tagged,
  azurerm_role_assignment: untagged,
  azurerm_role_definition: untagged,
  azurerm_service_plan: tagged,
  azurerm_storage_account: {
    tags: true,
    credential: {
      what: "account keys and connection strings",
      worthless: (attributes) =>
        attributes["shared_access_key_enabled"] === false && attributes["local_user_enabled"] === false,
    },
  },
  azurerm_storage_container: untagged,
  azurerm_storage_container_immutability_policy: untagged,
  azurerm_storage_management_policy: untagged,
  azurerm_subnet: untagged,
  azurerm_subnet_nat_gateway_association: untagged,
  azurerm_subnet_network_security_group_association: untagged,
  azurerm_user_assigned_identity: tagged,
  azurerm_virtual_machine_data_disk_attachment: untagged,
  azurerm_virtual_machine_extension: {
    tags: true,
    credential: {
      what: "protected settings",
      worthless: without("protected_settings", "protected_settings_from_key_vault"),
    },
  },
  azurerm_virtual_network: tagged,
  random_string: {
    tags: false,
    // Too short to be mistaken for a password.
    credential: { what: "the random characters", worthless: (attributes) => attributes["length"] === 6 },
  },
  terraform_data: untagged,
  vault_audit: untagged,
  vault_auth_backend: untagged,
  vault_azure_auth_backend_config: {
    tags: false,
    credential: { what: "client secret", worthless: without("client_secret", "client_id") },
  },
  vault_azure_auth_backend_role: untagged,
  vault_database_secret_backend_connection: {
    tags: false,
    credential: {
      what: "administrator's password",
      worthless: ({ mysql }) => typeof mysql === "object" && mysql !== null && !("password" in mysql),
    },
  },
  vault_database_secret_backend_role: untagged,
  vault_generic_endpoint: {
    tags: false,
    credential: {
      what: "what is written, and what Vault answers",
      worthless: (attributes) =>
        attributes["data_json"] === "{}" &&
        attributes["disable_read"] === true &&
        !("write_fields" in attributes),
    },
  },
  vault_jwt_auth_backend: {
    tags: false,
    credential: { what: "client secret", worthless: without("oidc_client_secret") },
  },
  vault_jwt_auth_backend_role: untagged,
  vault_mount: untagged,
  vault_raft_autopilot: untagged,
  vault_policy: untagged,
  vault_quota_rate_limit: untagged,
  vault_transform_role: untagged,
  vault_transform_transformation: untagged,
  vault_transit_secret_backend_key: untagged,
};

/** Data sources whose attributes contain no credential. */
export const reviewedDataSources: readonly string[] = [
  "azurerm_client_config",
  "azurerm_key_vault",
  "azurerm_key_vault_certificate",
  "azurerm_subscription",
  "terraform_remote_state",
];
