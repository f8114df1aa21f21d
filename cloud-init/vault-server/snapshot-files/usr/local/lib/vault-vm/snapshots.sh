# shellcheck shell=bash disable=SC2034,SC2154 # http sets body and status; wait_until reads pause and reason
# Snapshots of Vault, in files and in the snapshot store, for programs that have sourced http.sh and managed-identity.sh.
#
# The caller may set store_cure: what to do if the store refuses.
#
# Environment: SNAPSHOTS_URL          the container: https://<account>.blob.core.windows.net/snapshots
#              STORAGE_WAIT_SECONDS   how long to retry while the store, or the right on it, is not ready (default 1200)
#              TRANSFER_SECONDS       longest time of one up- or download (default 1800)

: "${SNAPSHOTS_URL:?}" "${STORAGE_WAIT_SECONDS:=1200}" "${TRANSFER_SECONDS:=1800}"
readonly STORAGE=@STORAGE_RESOURCE@ STORAGE_API_VERSION=2021-12-02

# A token for the store replaces the token for Vault, so a caller must log in to Vault again afterwards.
store() {
  ask_for_token "$STORAGE" || return 1
  http --config <(authorization) --header "x-ms-version: $STORAGE_API_VERSION" "$@"
  if not_now; then return 1; fi
  # A new role assignment takes minutes to work.
  reason="it answered $status: $(store_error)${store_cure:-}"
  [[ $status != 403 ]]
}

store_error() {
  printf '%s' "$body" | sed -n 's|.*<Code>\([A-Za-z]*\)</Code>.*|\1|p' | head -n 1
}

# unpack FILE FOLDER: succeeds if the snapshot is complete and matches its checksums.
unpack() {
  mkdir --parents -- "$2"
  tar --extract --gzip --no-same-owner --file "$1" --directory "$2" meta.json state.bin SHA256SUMS SHA256SUMS.sealed 2>/dev/null || return 1
  (cd -- "$2" && sha256sum --check --status --strict SHA256SUMS)
}

# Prints Raft's index of the snapshot in FOLDER.
index_of() { jq -r '.Index' "$1/meta.json"; }

# Prints the versions of the unseal key that the snapshot needs, one a line: the version that sealed it, and the versions that wrap
# Vault's root key and recovery key in its data. They differ between a rotation of the key and Vault's next restart.
# A wrapped value names its version as the protobuf field 3 of 32 bytes. Source: go-kms-wrapping, KeyInfo.key_id.
key_versions_of() {
  {
    grep --only-matching --text --extended-regexp '[0-9a-f]{32}' "$1/SHA256SUMS.sealed" | head -n 1
    LC_ALL=C grep --only-matching --text --perl-regexp '\x1a\x20\K[0-9a-f]{32}(?![0-9a-f])' "$1/state.bin" || true
  } | awk '!seen[$0]++'
}

# field FILTER: prints a field of the last answer with jq.
field() {
  printf '%s' "$body" | jq -r "$1"
}

list_page() {
  store --get "$SNAPSHOTS_URL" --data-urlencode restype=container --data-urlencode comp=list --data-urlencode "marker=$marker"
}

names_on_page() {
  printf '%s' "$body" | grep --only-matching '<Name>[^<]*[.]snap</Name>' | sed 's|</\{0,1\}Name>||g' || true
}

next_marker() {
  printf '%s' "$body" | sed -n 's|.*<NextMarker>\([^<]*\)</NextMarker>.*|\1|p'
}

# Sets names to the snapshots in the store, the newest first, one a line.
list() {
  local marker=""
  names=""
  while true; do
    wait_until "$STORAGE_WAIT_SECONDS" "$SNAPSHOTS_URL" list_page
    [[ $status == 200 ]] || fail "$SNAPSHOTS_URL answered $status: $(store_error). Deploy the stack vault-server, which makes it."
    names+=$(names_on_page)$'\n'
    marker=$(next_marker)
    [[ -n $marker ]] || break
  done
  names=$(printf '%s' "$names" | sed '/^$/d' | sort --reverse)
}
