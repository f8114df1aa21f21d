# Lets the deployers apply the stack vault-config. It allows nothing that reads or uses a secret.
#
# A person who writes policies and roles can write one for themselves. So a deployer cannot read secrets by accident, but a malicious
# deployer can. Two measures help against malice: the audit log has each request, and this policy cannot switch off the log of
# the device first-boot.
#
# This policy limits parameters whose values could harm Vault's VM or the connection to MySQL: read a file, load another
# plug-in, weaken TLS, or log secrets in clear text.

# --- mounts, auth methods, policies, audit devices: each with its name ---
#
# An asterisk would let the deployers delete their own access and first boot's audit device, even if another rule denied it. The
# policy matches a path as the client sent it, and Vault normalizes the path later: "./deployer" becomes the mount deployer/, and
# " deployer" or "DEPLOYER" becomes this policy.

path "sys/mounts"                   { capabilities = ["read"] }
path "sys/mounts/database" {
  capabilities       = ["create", "read", "update", "delete"]
  allowed_parameters = { "type" = ["database"], "*" = [] }
  denied_parameters  = { "plugin_name" = [] }
}
path "sys/mounts/database/tune" {
  capabilities       = ["read", "update"]
  allowed_parameters = { "audit_non_hmac_request_keys" = [""], "audit_non_hmac_response_keys" = [""], "passthrough_request_headers" = [""], "*" = [] }
  denied_parameters  = { "plugin_version" = [], "delegated_auth_accessors" = [] }
}
path "sys/mounts/transit" {
  capabilities       = ["create", "read", "update", "delete"]
  allowed_parameters = { "type" = ["transit"], "*" = [] }
  denied_parameters  = { "plugin_name" = [] }
}
path "sys/mounts/transit/tune" {
  capabilities       = ["read", "update"]
  allowed_parameters = { "audit_non_hmac_request_keys" = [""], "audit_non_hmac_response_keys" = [""], "passthrough_request_headers" = [""], "*" = [] }
  denied_parameters  = { "plugin_version" = [], "delegated_auth_accessors" = [] }
}
path "sys/mounts/transform" {
  capabilities       = ["create", "read", "update", "delete"]
  allowed_parameters = { "type" = ["transform"], "*" = [] }
  denied_parameters  = { "plugin_name" = [] }
}
path "sys/mounts/transform/tune" {
  capabilities       = ["read", "update"]
  allowed_parameters = { "audit_non_hmac_request_keys" = [""], "audit_non_hmac_response_keys" = [""], "passthrough_request_headers" = [""], "*" = [] }
  denied_parameters  = { "plugin_version" = [], "delegated_auth_accessors" = [] }
}

path "sys/auth"                     { capabilities = ["read"] }
path "sys/auth/azure" {
  capabilities       = ["create", "read", "update", "delete", "sudo"]
  allowed_parameters = { "type" = ["azure"], "*" = [] }
  denied_parameters  = { "plugin_name" = [] }
}
path "sys/auth/azure/tune" {
  capabilities       = ["read", "update", "sudo"]
  allowed_parameters = { "audit_non_hmac_request_keys" = [""], "audit_non_hmac_response_keys" = [""], "passthrough_request_headers" = [""], "*" = [] }
  denied_parameters  = { "plugin_version" = [], "delegated_auth_accessors" = [] }
}
path "sys/mounts/auth/azure"        { capabilities = ["read"] }
path "sys/mounts/auth/azure/tune" {
  capabilities       = ["read", "update"]
  allowed_parameters = { "audit_non_hmac_request_keys" = [""], "audit_non_hmac_response_keys" = [""], "passthrough_request_headers" = [""], "*" = [] }
  denied_parameters  = { "plugin_version" = [], "delegated_auth_accessors" = [] }
}
path "sys/auth/jwt" {
  capabilities       = ["create", "read", "update", "delete", "sudo"]
  allowed_parameters = { "type" = ["jwt"], "*" = [] }
  denied_parameters  = { "plugin_name" = [] }
}
path "sys/auth/jwt/tune" {
  capabilities       = ["read", "update", "sudo"]
  allowed_parameters = { "audit_non_hmac_request_keys" = [""], "audit_non_hmac_response_keys" = [""], "passthrough_request_headers" = [""], "*" = [] }
  denied_parameters  = { "plugin_version" = [], "delegated_auth_accessors" = [] }
}
path "sys/mounts/auth/jwt"          { capabilities = ["read"] }
path "sys/mounts/auth/jwt/tune" {
  capabilities       = ["read", "update"]
  allowed_parameters = { "audit_non_hmac_request_keys" = [""], "audit_non_hmac_response_keys" = [""], "passthrough_request_headers" = [""], "*" = [] }
  denied_parameters  = { "plugin_version" = [], "delegated_auth_accessors" = [] }
}

# A workload's policy begins with workload-. Vault's own policies and the deployers' are read only.
path "sys/policies/acl"             { capabilities = ["list"] }
path "sys/policies/acl/*"           { capabilities = ["read"] }
path "sys/policies/acl/workload-*"  { capabilities = ["create", "read", "update", "delete"] }

# Deployers may use only this file. A socket with log_raw would send every secret to its other end. Another file could belong to
# Vault.
path "sys/audit"                    { capabilities = ["read", "sudo"] }
path "sys/audit/file" {
  capabilities       = ["create", "read", "update", "delete", "sudo"]
  allowed_parameters = {
    "type" = ["file"], "description" = [], "local" = [false],
    "options" = [{ "file_path" = "/var/log/vault/memory/audit.log", "mode" = "0600" }]
  }
}

# The rate limit of one client.
path "sys/quotas/rate-limit/each-client" { capabilities = ["create", "read", "update", "delete"] }

# The time after which a cluster removes a dead node. Deployers may read the nodes, and remove a node before its VM, but not the first.
path "sys/storage/raft/autopilot/configuration" { capabilities = ["create", "read", "update"] }
path "sys/storage/raft/autopilot/state"         { capabilities = ["read"] }
path "sys/storage/raft/configuration"           { capabilities = ["read"] }
path "sys/storage/raft/remove-peer" {
  capabilities       = ["update"]
  allowed_parameters = { "server_id" = ["vault-2", "vault-3", "vault-4", "vault-5"] }
}

# Deployers may read their own login.
path "sys/auth/deployer"            { capabilities = ["read"] }
path "sys/mounts/auth/deployer/tune" { capabilities = ["read"] }
path "auth/deployer/config"         { capabilities = ["read"] }
path "auth/deployer/role/*"         { capabilities = ["read", "list"] }

# Deployers may read the login of the recovery key readers and of Vault's own VM.
path "sys/mounts/auth/recovery/tune" { capabilities = ["read"] }
path "auth/recovery/config"          { capabilities = ["read"] }
path "auth/recovery/role/*"          { capabilities = ["read", "list"] }
path "sys/mounts/auth/machine/tune"  { capabilities = ["read"] }
path "auth/machine/config"           { capabilities = ["read"] }
path "auth/machine/role/*"           { capabilities = ["read", "list"] }

# --- auth methods of the workloads ---

# Vault asks Azure itself, with its VM's identity.
path "auth/azure/config" {
  capabilities       = ["create", "read", "update", "delete"]
  allowed_parameters = {
    "resource" = ["@RESOURCE_MANAGER@"], "environment" = ["", "@AZURE_ENVIRONMENT@"],
    "client_id" = [""], "client_secret" = [""], "identity_token_audience" = [""], "*" = []
  }
}
# Only Entra's keys are allowed. A provider_config is not allowed, because it can name a file of Vault's VM.
path "auth/jwt/config" {
  capabilities       = ["create", "read", "update", "delete"]
  allowed_parameters = {
    "oidc_discovery_url" = ["@TOKEN_ISSUER@/*"], "bound_issuer" = ["@TOKEN_ISSUER@/*"],
    "jwt_supported_algs" = [], "default_role" = [""], "namespace_in_state" = []
  }
}
# A role grants workloads' policies. Vault splits a text at its commas, so "workload-x,machine" would match a prefix.
path "auth/azure/role"         { capabilities = ["list"] }
path "auth/azure/role/*" {
  capabilities       = ["create", "read", "update", "delete", "list"]
  allowed_parameters = { "token_policies" = ["workload-*"], "*" = [] }
  denied_parameters  = { "token_policies" = ["*,*"], "policies" = [] }
}
path "auth/jwt/role"           { capabilities = ["list"] }
path "auth/jwt/role/*" {
  capabilities       = ["create", "read", "update", "delete", "list"]
  allowed_parameters = { "token_policies" = ["workload-*"], "*" = [] }
  denied_parameters  = { "token_policies" = ["*,*"], "policies" = [] }
}

# --- database: connections and roles, not their credentials ---

# The driver reads its options after the last slash. No other option passes, for example allowAllFiles.
path "database/config"         { capabilities = ["list"] }
path "database/config/mysql" {
  capabilities       = ["create", "read", "update", "delete"]
  allowed_parameters = {
    "plugin_name" = ["mysql-database-plugin"], "connection_url" = ["*.@MYSQL_DOMAIN@:3306)/?tls=true"],
    "username" = [], "password" = [], "allowed_roles" = [], "verify_connection" = [],
    "max_open_connections" = [], "max_idle_connections" = [], "max_connection_lifetime" = [],
    "rotation_schedule" = [], "rotation_window" = [], "rotation_period" = [], "disable_automated_rotation" = []
  }
}
path "database/rotate-root/mysql" { capabilities = ["create", "update"] }
path "database/roles"          { capabilities = ["list"] }
path "database/roles/*" {
  capabilities       = ["create", "read", "update", "delete", "list"]
  allowed_parameters = {
    "db_name" = ["mysql"], "creation_statements" = [], "revocation_statements" = [], "rollback_statements" = [],
    "renew_statements" = [], "default_ttl" = [], "max_ttl" = [], "credential_type" = ["password"]
  }
}
path "database/creds/*"        { capabilities = ["deny"] }
path "database/static-creds/*" { capabilities = ["deny"] }

# Before the engine is deleted, Vault must drop its users while it can still reach the database.
path "sys/leases/revoke-prefix/database/*" { capabilities = ["update", "sudo"] }

# A deleted workload loses its tokens. The other workloads of its auth method log in again.
path "sys/leases/revoke-prefix/auth/azure/login" { capabilities = ["update", "sudo"] }
path "sys/leases/revoke-prefix/auth/jwt/login"   { capabilities = ["update", "sudo"] }

# Users that Vault could not drop.
path "sys/leases" {
  capabilities       = ["read", "sudo"]
  allowed_parameters = { "type" = ["irrevocable"] }
}
path "sys/leases/revoke" {
  capabilities       = ["update"]
  allowed_parameters = { "lease_id" = ["database/creds/*"], "sync" = [] }
}

# scripts/status shows how full the active node's disks are, and how many leases Vault has. These answers contain no secret.
path "sys/host-info" { capabilities = ["read"] }
path "sys/metrics"   { capabilities = ["read"] }

# --- transit: keys, not their use ---

path "transit/keys"            { capabilities = ["list"] }
path "transit/keys/+" {
  capabilities       = ["create", "read", "update", "delete", "list"]
  allowed_parameters = { "exportable" = [false], "allow_plaintext_backup" = [false], "*" = [] }
}
path "transit/keys/+/config" {
  capabilities       = ["create", "update"]
  allowed_parameters = { "exportable" = [false], "allow_plaintext_backup" = [false], "*" = [] }
}
path "transit/keys/+/rotate" {
  capabilities      = ["create", "update"]
  denied_parameters = { "managed_key_name" = [], "managed_key_id" = [] }
}
path "transit/encrypt/*"       { capabilities = ["deny"] }
path "transit/decrypt/*"       { capabilities = ["deny"] }
path "transit/rewrap/*"        { capabilities = ["deny"] }
path "transit/datakey/*"       { capabilities = ["deny"] }
path "transit/export/*"        { capabilities = ["deny"] }
path "transit/byok-export/*"   { capabilities = ["deny"] }
path "transit/backup/*"        { capabilities = ["deny"] }
path "transit/restore"         { capabilities = ["deny"] }
path "transit/restore/*"       { capabilities = ["deny"] }

# --- transform (Enterprise): transformations and roles, not their use ---

path "transform/role"              { capabilities = ["list"] }
path "transform/role/*"            { capabilities = ["create", "read", "update", "delete", "list"] }
path "transform/transformation"    { capabilities = ["list"] }
path "transform/transformation/*"  { capabilities = ["create", "read", "update", "delete", "list"] }
path "transform/transformations/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "transform/template"          { capabilities = ["list"] }
path "transform/template/*"        { capabilities = ["create", "read", "update", "delete", "list"] }
path "transform/alphabet"          { capabilities = ["list"] }
path "transform/alphabet/*"        { capabilities = ["create", "read", "update", "delete", "list"] }
path "transform/encode/*"          { capabilities = ["deny"] }
path "transform/decode/*"          { capabilities = ["deny"] }

# --- the deployers' own token ---

path "auth/token/lookup-self"  { capabilities = ["read"] }
path "auth/token/renew-self"   { capabilities = ["update"] }
path "auth/token/revoke-self"  { capabilities = ["update"] }
path "sys/capabilities-self"   { capabilities = ["update"] }
path "auth/token/create"       { capabilities = ["deny"] }
