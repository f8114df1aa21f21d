# What the deployers need to apply the stack vault-config, and nothing that reads or uses a secret.
#
# Whoever writes policies and roles can in the end write one for themselves. So this policy keeps deployers from secrets
# by accident, not by malice; against that stand two things: each request is in the audit log, and the log of the
# device first-boot cannot be switched off with this policy.

# --- mounts, auth methods, policies, audit devices ---

path "sys/mounts"              { capabilities = ["read"] }
path "sys/mounts/*"            { capabilities = ["create", "read", "update", "delete", "list"] }
path "sys/auth"                { capabilities = ["read"] }
path "sys/auth/*"              { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/policies/acl"        { capabilities = ["list"] }
path "sys/policies/acl/*"      { capabilities = ["create", "read", "update", "delete"] }
path "sys/audit"               { capabilities = ["read", "sudo"] }
path "sys/audit/*"             { capabilities = ["create", "read", "update", "delete", "sudo"] }

# The deployers' own access and first boot's audit device are not changed by accident. The asterisk without a slash also
# covers the same name with a slash at its end.
path "sys/auth/deployer*"         { capabilities = ["read"] }
path "sys/mounts/auth/deployer*"  { capabilities = ["read"] }
path "sys/policies/acl/deployer*" { capabilities = ["read"] }
path "sys/audit/first-boot*"      { capabilities = ["deny"] }
path "auth/deployer/config"       { capabilities = ["read"] }
path "auth/deployer/role/*"       { capabilities = ["read", "list"] }

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
