# A Vault with a front always listens on loopback, before and after first boot. The other nodes of a cluster reach its cluster port,
# which vault-listener opens.

listener "tcp" {
  address         = "127.0.0.1:8200"
  cluster_address = "127.0.0.1:8201"

  # vault-front-certificate creates these files at each boot. The front and programs on this machine verify Vault with them.
  tls_cert_file   = "/run/vault-front/current/tls.crt"
  tls_key_file    = "/run/vault-front/current/tls.key"
  tls_min_version = "@VAULT_MIN_TLS@"

  # No client logs in with a certificate, so Vault requests none.
  tls_disable_client_certs = true

  # The front sends the client's address. Programs on this machine do not use the front.
  x_forwarded_for_authorized_addrs   = "127.0.0.1"
  x_forwarded_for_reject_not_present = false
}
