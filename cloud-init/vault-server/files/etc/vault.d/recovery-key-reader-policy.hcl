# What the recovery key readers need to use the recovery keys, and nothing else: a root token or new recovery keys take this login and a
# quorum of keys. Vault asks for the login since 2.0; before, the front closes these endpoints to the network.
#
# sys/rekey is not among them: that one changes the unseal keys, and the seal has those.

path "sys/generate-root/attempt"      { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/generate-root/update"       { capabilities = ["create", "update", "sudo"] }
path "sys/rekey-recovery-key/init"    { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/rekey-recovery-key/update"  { capabilities = ["create", "update", "sudo"] }
path "sys/rekey-recovery-key/verify"  { capabilities = ["create", "read", "update", "delete", "sudo"] }

path "auth/token/lookup-self"         { capabilities = ["read"] }
path "auth/token/revoke-self"         { capabilities = ["update"] }
