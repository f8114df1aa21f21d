# Where a Vault with a front listens: on loopback, before first boot is complete and afterwards. Other nodes, where there are any, reach
# its cluster port: vault-listener.

listener "tcp" {
  address         = "127.0.0.1:8200"
  cluster_address = "127.0.0.1:8201"

  # vault-front-certificate makes them at each boot: by them the front, and programs on this machine, know Vault.
  tls_cert_file   = "/run/vault-front/current/tls.crt"
  tls_key_file    = "/run/vault-front/current/tls.key"
  tls_min_version = "@VAULT_MIN_TLS@"

  # No client logs in with a certificate, so Vault requests none.
  tls_disable_client_certs = true

  # The front says from where a client comes; programs on this machine come without it.
  x_forwarded_for_authorized_addrs   = "127.0.0.1"
  x_forwarded_for_reject_not_present = false
}
