# What the deployers need to apply the stack vault-config, and nothing that reads or uses a secret.
#
# Whoever writes policies and roles can in the end write one for themselves. So this policy keeps deployers from secrets
# by accident, not by malice; against that stand two things: each request is in the audit log, and the log of the
# device first-boot cannot be switched off with this policy.

# --- mounts, auth methods, policies, audit devices: each by its name ---
#
# An asterisk would let the deployers take away their own access and first boot's audit device, whatever were refused
# beside it: this policy matches a path as it was sent, while Vault tidies it afterwards. "./deployer" is the mount
# deployer/ to it, and " deployer" or "DEPLOYER" this very policy.

path "sys/mounts"                   { capabilities = ["read"] }
path "sys/mounts/database"          { capabilities = ["create", "read", "update", "delete"] }
path "sys/mounts/database/tune"     { capabilities = ["read", "update"] }
path "sys/mounts/transit"           { capabilities = ["create", "read", "update", "delete"] }
path "sys/mounts/transit/tune"      { capabilities = ["read", "update"] }
path "sys/mounts/transform"         { capabilities = ["create", "read", "update", "delete"] }
path "sys/mounts/transform/tune"    { capabilities = ["read", "update"] }

path "sys/auth"                     { capabilities = ["read"] }
path "sys/auth/azure"               { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/auth/azure/tune"          { capabilities = ["read", "update", "sudo"] }
path "sys/mounts/auth/azure"        { capabilities = ["read"] }
path "sys/mounts/auth/azure/tune"   { capabilities = ["read", "update"] }
path "sys/auth/jwt"                 { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/auth/jwt/tune"            { capabilities = ["read", "update", "sudo"] }
path "sys/mounts/auth/jwt"          { capabilities = ["read"] }
path "sys/mounts/auth/jwt/tune"     { capabilities = ["read", "update"] }

# A workload's policy begins with workload-. Vault's own policies and the deployers' are read only.
path "sys/policies/acl"             { capabilities = ["list"] }
path "sys/policies/acl/*"           { capabilities = ["read"] }
path "sys/policies/acl/workload-*"  { capabilities = ["create", "read", "update", "delete"] }

# A file, and nothing else: a socket with log_raw would carry every secret to whoever listens at its other end.
path "sys/audit"                    { capabilities = ["read", "sudo"] }
path "sys/audit/file" {
  capabilities       = ["create", "read", "update", "delete", "sudo"]
  allowed_parameters = { "type" = ["file"], "*" = [] }
}

# How the deployers themselves come in: to be read.
path "sys/auth/deployer"            { capabilities = ["read"] }
path "sys/mounts/auth/deployer/tune" { capabilities = ["read"] }
path "auth/deployer/config"         { capabilities = ["read"] }
path "auth/deployer/role/*"         { capabilities = ["read", "list"] }

# And how the recovery key readers and Vault's own VM do.
path "sys/mounts/auth/recovery/tune" { capabilities = ["read"] }
path "auth/recovery/config"          { capabilities = ["read"] }
path "auth/recovery/role/*"          { capabilities = ["read", "list"] }
path "sys/mounts/auth/machine/tune"  { capabilities = ["read"] }
path "auth/machine/config"           { capabilities = ["read"] }
path "auth/machine/role/*"           { capabilities = ["read", "list"] }

# --- auth methods of the workloads ---

path "auth/azure/config"       { capabilities = ["create", "read", "update", "delete"] }
path "auth/azure/role"         { capabilities = ["list"] }
path "auth/azure/role/*"       { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/jwt/config"         { capabilities = ["create", "read", "update", "delete"] }
path "auth/jwt/role"           { capabilities = ["list"] }
path "auth/jwt/role/*"         { capabilities = ["create", "read", "update", "delete", "list"] }

# --- database: connections and roles, not what they hand out ---

path "database/config"         { capabilities = ["list"] }
path "database/config/*"       { capabilities = ["create", "read", "update", "delete"] }
path "database/rotate-root/*"  { capabilities = ["create", "update"] }
path "database/roles"          { capabilities = ["list"] }
path "database/roles/*"        { capabilities = ["create", "read", "update", "delete", "list"] }
path "database/creds/*"        { capabilities = ["deny"] }
path "database/static-creds/*" { capabilities = ["deny"] }

# Before the engine is taken away its users must go, while Vault can still reach them.
path "sys/leases/revoke-prefix/database/*" { capabilities = ["update", "sudo"] }

# --- transit: keys, not their use ---

path "transit/keys"            { capabilities = ["list"] }
path "transit/keys/*"          { capabilities = ["create", "read", "update", "delete", "list"] }
path "transit/encrypt/*"       { capabilities = ["deny"] }
path "transit/decrypt/*"       { capabilities = ["deny"] }
path "transit/rewrap/*"        { capabilities = ["deny"] }
path "transit/datakey/*"       { capabilities = ["deny"] }
path "transit/export/*"        { capabilities = ["deny"] }
path "transit/byok-export/*"   { capabilities = ["deny"] }
path "transit/backup/*"        { capabilities = ["deny"] }
path "transit/restore"         { capabilities = ["deny"] }
path "transit/restore/*"       { capabilities = ["deny"] }

# --- transform (Enterprise): shapes and roles, not their use ---

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
