# The address of Vault and its certificate come from VAULT_ADDR and VAULT_CACERT in the unit's environment.

auto_auth {
  # The VM logs in with its identity, so no secret is installed on it.
  method "azure" {
    # After an outage, the agent retries within this time. The default is five minutes.
    max_backoff = "30s"
    config = {
      role     = "@ROLE@"
      resource = "@RESOURCE_MANAGER@"
    }
  }

  sink "file" {
    config = {
      path = "/ramdisk/.vaulttoken"
      mode = 0600
    }
  }
}

# No cache: the cache would answer the template's own lease renewals with the first response, and the agent would render new
# credentials only after the old ones expired (tried with Vault 1.21.0).
# Requests through the listener carry the agent's token.
api_proxy {
  use_auto_auth_token = true
}

listener "unix" {
  # Only the application's group may connect, because each request gets the agent's token. Plain HTTP never leaves the machine. Requests
  # need the header X-Vault-Request. Vault's clients send it, and a web application that an attacker tricks does not.
  address                = "/ramdisk/app/agent.sock"
  # Vault ignores these three settings if any of them is missing.
  socket_mode            = "0660"
  socket_user            = "vault-agent"
  socket_group           = "app"
  tls_disable            = true
  require_request_header = true

  # The application stops the agent if somebody revoked the lease or the token. systemd starts it again.
  agent_api {
    enable_quit = true
  }
}

template_config {
  # The interval for secrets without a lease. The agent renews secrets with a lease, and reads them again before the lease finally ends.
  static_secret_render_interval = "5m"
  max_connections_per_host      = 10
}

template {
  source               = "/etc/vault-agent.d/app-config.json.ctmpl"
  destination          = "/ramdisk/app/config.json"
  perms                = "0640"
  group                = "app"
  create_dest_dirs     = false
  error_on_missing_key = true
}
