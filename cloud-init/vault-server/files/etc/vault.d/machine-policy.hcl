# What this VM may do in Vault with its managed identity: say who are the deployers and the recovery key readers, and what
# their policies are. It reads no secret, and makes no other policy, role or mount.

path "sys/policies/acl/deployer"            { capabilities = ["create", "update"] }
path "sys/policies/acl/recovery-key-reader" { capabilities = ["create", "update"] }
path "sys/policies/acl/machine"             { capabilities = ["create", "update"] }

path "auth/deployer/role/deployer"             { capabilities = ["create", "read", "update", "delete"] }
path "auth/recovery/role/recovery-key-reader"  { capabilities = ["create", "read", "update", "delete"] }

# Whether all nodes of a cluster are healthy, before one of them restarts.
path "sys/storage/raft/autopilot/state" { capabilities = ["read"] }

# The sessions of those who may log in no more.
path "sys/leases/revoke-prefix/auth/deployer/login" { capabilities = ["update", "sudo"] }
path "sys/leases/revoke-prefix/auth/recovery/login" { capabilities = ["update", "sudo"] }

path "auth/token/revoke-self"  { capabilities = ["update"] }
