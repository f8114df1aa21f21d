# The address of Vault and its certificate come from VAULT_ADDR and VAULT_CACERT in the unit's environment.

auto_auth {
  # The VM's identity is the login: nothing secret is installed on it.
  method "azure" {
    # After an outage, the agent is back within this time, not within five minutes.
    max_backoff = "30s"
    config = {
      role     = "@ROLE@"
      resource = "https://management.azure.com/"
    }
  }

  sink "file" {
    config = {
      path = "/ramdisk/.vaulttoken"
      mode = 0600
    }
  }
}

# No cache: it would answer the template's own renewals of its lease with the answer to the first one, so that the
# credentials would be rendered anew only after they have expired (tried with Vault 1.21.0).
# Requests through the listener carry the agent's token.
api_proxy {
  use_auto_auth_token = true
}

listener "unix" {
  # Only the application's group may connect, since each request gets the agent's token. Plain HTTP never leaves the machine. The header
  # X-Vault-Request is demanded, which Vault's clients send and a tricked web application does not.
  address                = "/ramdisk/app/agent.sock"
  # Vault ignores these three unless all of them are set.
  socket_mode            = "0660"
  socket_user            = "vault-agent"
  socket_group           = "app"
  tls_disable            = true
  require_request_header = true

  # The application stops the agent when somebody revoked the lease or the token. systemd starts it again.
  agent_api {
    enable_quit = true
  }
}

template_config {
  # For secrets without a lease. Those with one are renewed, and read anew before the lease ends for good.
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
