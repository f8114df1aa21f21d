# shellcheck shell=bash disable=SC2154 # http sets body and status; token_in sets token
# Tokens of this VM's managed identity, for programs that source http.sh.
#
# Environment: AZURE_CLIENT_ID  the identity; needed if the VM has several

readonly IMDS=http://169.254.169.254/metadata/identity/oauth2/token
: "${AZURE_CLIENT_ID:=}"

# Error texts contain names and ids and no secrets. The cut keeps a page of HTML out of the log.
error_text() {
  printf '%s' "$body" |
    jq -r '[.error.code?, .error.message?, .error?, .error_description?] | map(strings) | join(": ")' 2>/dev/null |
    tr --squeeze-repeats '[:space:]' ' ' | cut -c 1-400 | sed 's/ $//' || true
}

# ask_for_token AUDIENCE
# Sets token, or reason and pause for wait_until. IMDS has its own cache, so each try may ask again.
ask_for_token() {
  local -a query=(--data-urlencode api-version=2018-02-01 --data-urlencode "resource=$1")
  if [[ -n $AZURE_CLIENT_ID ]]; then query+=(--data-urlencode "client_id=$AZURE_CLIENT_ID"); fi
  http --get --header "Metadata: true" "${query[@]}" "$IMDS"
  if not_now; then
    reason="the VM's identity endpoint (IMDS): $reason"
    return 1
  fi
  case $status in
    200) ;;
    # 404 and 410 while IMDS is updated; 400 "Identity not found" until a new identity has arrived on the VM.
    400 | 404 | 410)
      reason="the VM's identity endpoint (IMDS) answered $status: $(error_text)"
      return 1
      ;;
    *) fail "the VM's identity endpoint (IMDS) answered $status: $(error_text). Does the VM have the identity '${AZURE_CLIENT_ID:-system-assigned}'?" ;;
  esac
  token_in access_token
  [[ -n $token ]] || fail "the VM's identity endpoint (IMDS) answered 200 without a token"
}

# Prints the header for curl --config, so that no argument contains the token.
authorization() { printf 'header = "Authorization: Bearer %s"\n' "$token"; }
