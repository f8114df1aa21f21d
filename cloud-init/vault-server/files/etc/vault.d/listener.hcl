# Vault listens on loopback, as in this file. After first boot, vault-listener replaces loopback with the VM's own addresses. Vault
# does not read this file, but the file /run/vault/listener.hcl that vault-listener writes.

listener "tcp" {
  address         = "127.0.0.1:8200"
  cluster_address = "127.0.0.1:8201"

  # vault-certificate.service keeps these files up to date. Vault reads them again on a reload.
  tls_cert_file   = "/run/vault-tls/current/tls.crt"
  tls_key_file    = "/run/vault-tls/current/tls.key"
  tls_min_version = "@VAULT_MIN_TLS@"

  # No client logs in with a certificate, so Vault requests none.
  tls_disable_client_certs = true
}
