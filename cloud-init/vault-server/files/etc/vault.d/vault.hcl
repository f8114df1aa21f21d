# What differs from node to node is in /etc/vault.d/vault.env: VAULT_RAFT_NODE_ID, VAULT_API_ADDR, VAULT_CLUSTER_ADDR.

storage "raft" {
  path = "/var/lib/vault/raft"

  # What HashiCorp recommends for production: a lost leader is noticed, and init elects its first one, in 1 to 2 seconds
  # instead of 5 to 10. Source: Vault's documentation, configuration/storage/raft.
  performance_multiplier = 1
}

listener "tcp" {
  address         = "0.0.0.0:8200"
  cluster_address = "0.0.0.0:8201"

  # vault-certificate.service keeps these up to date; Vault reads them again on a reload.
  tls_cert_file   = "/run/vault-tls/current/tls.crt"
  tls_key_file    = "/run/vault-tls/current/tls.key"
  tls_min_version = "tls12"

  # No client logs in by certificate, so browsers are not asked for one.
  tls_disable_client_certs = true
}

# Tenant, identity, Key Vault and key come from AZURE_TENANT_ID, AZURE_CLIENT_ID, VAULT_AZUREKEYVAULT_VAULT_NAME and
# VAULT_AZUREKEYVAULT_KEY_NAME. There is no client secret: the identity is the VM's.
seal "azurekeyvault" {}

telemetry {
  prometheus_retention_time = "24h"
  disable_hostname          = true
}

ui = true

# Raft maps its storage into memory, which must not be locked as a whole; the unit keeps Vault out of swap instead.
disable_mlock = true
