# Where Vault listens: on loopback, as this file says. Once first boot is complete, vault-listener puts the VM's own addresses
# in the place of loopback's. Vault reads what vault-listener writes to /run/vault/listener.hcl, not this file.

listener "tcp" {
  address         = "127.0.0.1:8200"
  cluster_address = "127.0.0.1:8201"

  # vault-certificate.service keeps these up to date; Vault reads them again on a reload.
  tls_cert_file   = "/run/vault-tls/current/tls.crt"
  tls_key_file    = "/run/vault-tls/current/tls.key"
  tls_min_version = "@VAULT_MIN_TLS@"

  # No client logs in by certificate, so browsers are not asked for one.
  tls_disable_client_certs = true
}
