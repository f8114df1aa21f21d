# shellcheck shell=bash
: "${project:?is the folder of the project}"
# Functions that scripts/create-state-store, create-pipeline-identity and migrate-state share; they source this file. Messages go to
# stderr, so that stdout holds only a script's result.

# A failure inside $(...) must end the script too. Bash 4.4 can do that; macOS brings 3.2.
shopt -s inherit_errexit 2>/dev/null || {
  printf 'Bash %s is too old. Install 4.4 or newer (macOS: brew install bash).\n' "$BASH_VERSION" >&2
  exit 1
}

say() {
  printf '%s\n' "$1" >&2
}

fail() {
  say "$1"
  exit 1
}

problems=()

# Records a problem, so that the preflight reports all problems at once.
problem() {
  problems+=("$1")
}

stop_on_problems() {
  [ "${#problems[@]}" -gt 0 ] || return 0
  say "Nothing was changed:"
  printf '  - %s\n' "${problems[@]}" >&2
  exit 1
}

# Checks an environment's file and reads fields of it: read_fields NAME FIELD...
read_fields() {
  fields=$(node "$project/scripts/run-bundled.cjs" "$project/scripts/environment.ts" "$@")
}

# Prints the value of a field that was read. A list prints one line for each entry.
field() {
  awk -F '\t' -v OFS='\t' -v path="$1" '$1 == path { sub(/^[^\t]*\t/, ""); print }' <<<"$fields"
}

# Runs a command. If it fails, the script ends with a sentence: attempt "create the container" az storage ...
attempt() {
  local what=$1 errors status=0
  shift
  { errors=$("$@" 2>&1 1>&3) || status=$?; } 3>&1
  [ "$status" -ne 0 ] || return 0
  fail "Could not $what: $(first_error "$errors"). $(cure "$errors")"
}

# Prints the first line that says ERROR, without that word, or else the first line.
first_error() {
  local line
  line=$(grep -m1 -i 'error' <<<"$1" || head -n1 <<<"$1")
  line=${line#ERROR: }
  printf '%s' "${line%.}"
}

cure() {
  case $1 in
  *AADSTS* | *"az login"* | *expired*) printf 'Log in again: az login.' ;;
  *AuthorizationFailed* | *"does not have authorization"* | *"not have permission"*)
    printf 'Ask an owner of the subscription to run this script, or for the rights that docs/pipeline.md lists.' ;;
  *) printf 'Correct that, then run the script again. It continues where it stopped.' ;;
  esac
}

# Checks that the programs the script calls exist, each given with its download page: need_programs az=https://...
need_programs() {
  local pair
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || problem "${pair%%=*} is not on PATH. Install it: ${pair#*=}"
  done
  [ -d "$project/node_modules" ] || problem "node_modules is missing. Run npm ci in $project."
  stop_on_problems
}

# Sets subscription and tenant to those az uses.
need_azure_login() {
  local account
  account=$(az account show --query '[id, tenantId, name]' --output tsv 2>/dev/null) ||
    fail "You are not logged in to Azure. Run az login, then az account set --subscription NAME."
  # Depending on its version, az prints a list's items on separate lines or on one line with tabs.
  account=$(tr '\t' '\n' <<<"$account")
  subscription=$(sed -n 1p <<<"$account")
  tenant=$(sed -n 2p <<<"$account")
  : "$tenant"
  [ -z "${ARM_SUBSCRIPTION_ID:-}" ] || [ "${ARM_SUBSCRIPTION_ID,,}" = "${subscription,,}" ] ||
    fail "ARM_SUBSCRIPTION_ID names $ARM_SUBSCRIPTION_ID, but az works in $subscription. Run az account set --subscription $ARM_SUBSCRIPTION_ID, or unset ARM_SUBSCRIPTION_ID."
  say "Subscription: $(sed -n 3p <<<"$account") ($subscription)"
}

# Assigns a role to a principal on a scope if it is missing: ensure_role OBJECT-ID TYPE ROLE SCOPE [CONDITION]
ensure_role() {
  local principal=$1 type=$2 role=$3 scope=$4 condition=${5:-} found id
  found=$(attempt "read the role assignments on $scope" az role assignment list --scope "$scope" \
    --query "[?principalId=='$principal' && roleDefinitionName=='$role'].[id, condition || '']" --output tsv)
  id=${found%%$'\t'*}
  if [ -n "$id" ] && [ "${found#*$'\t'}" = "$condition" ]; then
    say "  already granted: $role on ${scope##*/}"
    return
  fi
  if [ -n "$id" ]; then
    attempt "remove the role $role, whose condition is out of date" az role assignment delete --ids "$id"
  fi
  attempt "assign the role $role" az role assignment create --assignee-object-id "$principal" \
    --assignee-principal-type "$type" --role "$role" --scope "$scope" --output none \
    ${condition:+--condition "$condition" --condition-version 2.0}
  say "  granted: $role on ${scope##*/}"
}
