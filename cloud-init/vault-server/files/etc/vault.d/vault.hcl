# /etc/vault.d/vault.env has the settings of one node: VAULT_RAFT_NODE_ID, VAULT_API_ADDR, VAULT_CLUSTER_ADDR.
# /etc/vault.d/raft.hcl has the storage. /run/vault/listener.hcl has the listeners. vault-listener writes it at each start.

# Tenant, identity, Key Vault and key come from AZURE_TENANT_ID, AZURE_CLIENT_ID, VAULT_AZUREKEYVAULT_VAULT_NAME and
# VAULT_AZUREKEYVAULT_KEY_NAME. The identity belongs to the VM, so it needs no client secret.
seal "azurekeyvault" {}

telemetry {
  prometheus_retention_time = "24h"
  disable_hostname          = true
}

ui = true

# Raft maps its storage into memory, and a lock would need memory for all of it. The unit keeps Vault out of swap instead.
disable_mlock = true
