# shellcheck shell=bash disable=SC2034,SC2154 # http sets body and status; wait_until reads pause and reason
# This VM's own login to its Vault, for programs that have sourced vault-api.sh and managed-identity.sh: `request machine ...` after log_in.
#
# Environment: LOGIN_WAIT_SECONDS   how long to wait until Vault lets this VM in (default 600)

: "${LOGIN_WAIT_SECONDS:=600}"
readonly MANAGEMENT=@RESOURCE_MANAGER@

# Entra's token before the login, and Vault's token after it.
token=""

token_of() {
  if [[ $1 == nobody ]]; then return; fi
  printf 'header = "X-Vault-Token: %s"\n' "$token"
}

login_request() {
  printf '{"role": "vault-server", "jwt": "%s"}' "$token"
}

# The token of a new managed identity, or Entra's keys, may take time to work.
logged_in() {
  ask_for_token "$MANAGEMENT" || return 1
  answered nobody POST auth/machine/login login_request || return 1
  if [[ $status != 200 ]]; then
    pause=$POLL_SECONDS
    reason="it answered $status: $(errors)"
    if [[ $reason =~ expired|"not yet valid"|nbf|"in the future" ]]; then reason+=". The token is new, so check this VM's clock (timedatectl)"; fi
    return 1
  fi
  token_in client_token
  [[ -n $token ]] || fail "Vault's answer to the login of this VM contains no token"
}

log_in() {
  wait_until "$LOGIN_WAIT_SECONDS" "Vault to let this VM in (mount machine, role vault-server)" logged_in
  trap log_out EXIT
}

log_out() { request machine POST auth/token/revoke-self nothing || true; }
