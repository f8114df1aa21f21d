# shellcheck shell=bash disable=SC2034,SC2154 # http sets body, problem and status; wait_until reads pause and reason
# Requests to this VM's own Vault, for programs that have sourced http.sh.
#
# The caller defines token_of WHO, which prints the token's header as curl's configuration, or nothing for `nobody`.
#
# Environment: VAULT_API_ADDR      Vault's URL
#              VAULT_LISTENER      Vault's address on this machine
#              TLS_DIRECTORY       folder of Vault's certificate
#              VAULT_POLICIES      folder of the policies' files, for write_policy
#              VAULT_PEERS         the cluster's other nodes; empty or unset for a single node
#              VAULT_WAIT_SECONDS  how long to wait for Vault to answer, or to become active (default 600)

: "${VAULT_API_ADDR:?}" "${VAULT_LISTENER:?}" "${TLS_DIRECTORY:?}"
: "${VAULT_WAIT_SECONDS:=600}"

# request WHO METHOD PATH BODY [CURL-ARGUMENT...]   BODY: a function that prints it, or `nothing`
# Verifies Vault's name and certificate, although the connection goes to this machine, without a proxy.
request() {
  local who=$1 method=$2 path=$3 content=$4
  shift 4
  if [[ $content != nothing ]]; then set -- --data-binary @- "$@"; fi
  http --request "$method" --config <(token_of "$who") --noproxy '*' --connect-to "::$VAULT_LISTENER" \
    --cacert "$TLS_DIRECTORY/current/tls.crt" "$@" "$VAULT_API_ADDR/v1/$path" < <("$content")
}

nothing() { :; }

errors() { printf '%s' "$body" | jq -r '.errors | join("; ")' 2>/dev/null || true; }

answered() {
  pause=$LOCAL_POLL_SECONDS
  request "$@"
  if not_now; then
    if [[ $status != 000 ]]; then reason+=" $(errors)"; fi
    return 1
  fi
}

# ask: repeats a request until Vault accepts or rejects it.
ask() { wait_until "$VAULT_WAIT_SECONDS" "Vault's answer to $2 $3" answered "$@"; }

must() {
  ask "$@"
  [[ $status == 20? ]] || fail "Vault refused $2 $3 with $status: $(errors)"
}

# Vault decodes base64, so the policy's text needs no escapes.
policy() { printf '{"policy": "%s"}' "$(base64 --wrap=0 -- "$VAULT_POLICIES/$name-policy.hcl")"; }

# write_policy WHO NAME: writes the policy of $VAULT_POLICIES.
write_policy() {
  local name=$2
  must "$1" PUT "sys/policies/acl/$name" policy
}

active() {
  pause=$LOCAL_POLL_SECONDS
  request nobody GET sys/health nothing
  reason="it answered $status on sys/health ${problem}"
  # A standby (429, or 473 with Enterprise) forwards requests to the active node.
  [[ $status == 200 || -n ${VAULT_PEERS:-} && $status =~ ^(429|473)$ ]]
}

wait_until_active() { wait_until "$VAULT_WAIT_SECONDS" "Vault to be unsealed and active" active; }
