# Rights of this VM's managed identity in Vault: it writes the roles and policies of the deployers and the recovery key readers, takes
# snapshots, which are encrypted under the unseal key, and reads Vault's metrics. It cannot read a secret, and cannot create another
# policy, role or mount.

path "sys/policies/acl/deployer"            { capabilities = ["create", "update"] }
path "sys/policies/acl/recovery-key-reader" { capabilities = ["create", "update"] }
path "sys/policies/acl/machine"             { capabilities = ["create", "update"] }

path "auth/deployer/role/deployer"             { capabilities = ["create", "read", "update", "delete"] }
path "auth/recovery/role/recovery-key-reader"  { capabilities = ["create", "read", "update", "delete"] }

# Before a node restarts, it checks that all nodes of the cluster are healthy.
path "sys/storage/raft/autopilot/state" { capabilities = ["read"] }

# vault-snapshot takes snapshots. vault-restore checks that nothing is mounted, and then restores a snapshot that the unseal key can
# decrypt (not snapshot-force).
path "sys/storage/raft/snapshot" { capabilities = ["read", "update"] }
path "sys/mounts"                { capabilities = ["read"] }

# Ends the sessions of people who lost their access.
path "sys/leases/revoke-prefix/auth/deployer/login" { capabilities = ["update", "sudo"] }
path "sys/leases/revoke-prefix/auth/recovery/login" { capabilities = ["update", "sudo"] }

# vault-watch reports Vault's metrics.
path "sys/metrics" { capabilities = ["read"] }

path "auth/token/revoke-self"  { capabilities = ["update"] }
