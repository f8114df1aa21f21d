# What differs from node to node is in /etc/vault.d/vault.env: VAULT_RAFT_NODE_ID, VAULT_API_ADDR, VAULT_CLUSTER_ADDR.
# Where Vault listens is in /run/vault/listener.hcl, which vault-listener writes at each start.

storage "raft" {
  path = "/var/lib/vault/raft"

  # What HashiCorp recommends for production: a lost leader is noticed, and init elects its first one, in 1 to 2 seconds
  # instead of 5 to 10. Source: Vault's documentation, configuration/storage/raft.
  performance_multiplier = 1
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
