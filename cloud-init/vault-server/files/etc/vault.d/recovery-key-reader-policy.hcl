# Lets the recovery key readers use the recovery keys, and nothing else. A root token or new recovery keys need this login and a
# quorum of keys. Vault requires the login since 2.0. In older versions, the front closes these endpoints to the network.
#
# sys/rekey is missing, because it changes the unseal keys, which belong to the seal.

path "sys/generate-root/attempt"      { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/generate-root/update"       { capabilities = ["create", "update", "sudo"] }
path "sys/rekey-recovery-key/init"    { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/rekey-recovery-key/update"  { capabilities = ["create", "update", "sudo"] }
path "sys/rekey-recovery-key/verify"  { capabilities = ["create", "read", "update", "delete", "sudo"] }

path "auth/token/lookup-self"         { capabilities = ["read"] }
path "auth/token/revoke-self"         { capabilities = ["update"] }
