# What the recovery key readers may do in Vault: use the recovery keys.

path "sys/generate-root/*" { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/rekey/*"         { capabilities = ["create", "read", "update", "delete", "sudo"] }

path "auth/token/lookup-self"  { capabilities = ["read"] }
path "auth/token/revoke-self"  { capabilities = ["update"] }
