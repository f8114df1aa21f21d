# What this VM may do in Vault with its managed identity: say who are the deployers and the recovery key readers, and what
# their policies are, and take snapshots, which are encrypted under the unseal key. It reads no secret, and makes no other policy, role
# or mount.

path "sys/policies/acl/deployer"            { capabilities = ["create", "update"] }
path "sys/policies/acl/recovery-key-reader" { capabilities = ["create", "update"] }
path "sys/policies/acl/machine"             { capabilities = ["create", "update"] }

path "auth/deployer/role/deployer"             { capabilities = ["create", "read", "update", "delete"] }
path "auth/recovery/role/recovery-key-reader"  { capabilities = ["create", "read", "update", "delete"] }

# Whether all nodes of a cluster are healthy, before one of them restarts.
path "sys/storage/raft/autopilot/state" { capabilities = ["read"] }

# Snapshots: vault-snapshot takes them; vault-restore brings one back that the unseal key opens (not snapshot-force), once it has seen that
# nothing is mounted.
path "sys/storage/raft/snapshot" { capabilities = ["read", "update"] }
path "sys/mounts"                { capabilities = ["read"] }

# The sessions of those who may log in no more.
path "sys/leases/revoke-prefix/auth/deployer/login" { capabilities = ["update", "sudo"] }
path "sys/leases/revoke-prefix/auth/recovery/login" { capabilities = ["update", "sudo"] }

path "auth/token/revoke-self"  { capabilities = ["update"] }
