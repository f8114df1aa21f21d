# What differs from node to node is in /etc/vault.d/vault.env: VAULT_RAFT_NODE_ID, VAULT_API_ADDR, VAULT_CLUSTER_ADDR.
# Where it keeps its data is in /etc/vault.d/raft.hcl, and where it listens in /run/vault/listener.hcl, which vault-listener writes at each start.

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
