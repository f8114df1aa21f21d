# shellcheck shell=bash
# Messages, waits and HTTP requests for this VM's programs. They source this file.
# The caller sets PROGRAM, the name before each of its messages.

shopt -s extglob

# Seconds between two tries of a wait, between two checks of a program on this machine, and the limit for one
# request.
: "${POLL_SECONDS:=2}" "${LOCAL_POLL_SECONDS:=0.2}" "${REQUEST_SECONDS:=20}"

say() { printf '%s: %s\n' "$PROGRAM" "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# Uses the machine's uptime, because the time of day jumps when the boot sets the clock.
seconds_since_boot() {
  local uptime
  read -r uptime _ </proc/uptime
  printf '%s' "${uptime%.*}"
}

# wait_until SECONDS WHAT COMMAND [ARGUMENT...]
# Tries the command until it succeeds, and gives up at the deadline. A command that fails says why in `reason`
# (each new reason is logged once) and may request a longer pause in `pause`.
wait_until() {
  local seconds=$1 what=$2 deadline left said=""
  shift 2
  deadline=$(($(seconds_since_boot) + seconds))
  while true; do
    reason="" pause=$POLL_SECONDS
    if "$@"; then return 0; fi
    left=$((deadline - $(seconds_since_boot)))
    ((left > 0)) || fail "gave up waiting for $what after $seconds seconds; the last answer: $reason"
    if [[ $reason != "$said" ]]; then
      say "waiting for $what, at most $left seconds more: $reason"
      said=$reason
    fi
    if [[ ${pause%.*} -gt $left ]]; then pause=$left; fi
    sleep "$pause"
  done
}

# http CURL-ARGUMENT...
# Sends one request. Sets status (000: no complete answer), body, retry_after (seconds, may be empty) and problem (why
# the request got no answer). Secrets come in through --config or --data-binary @-, never as an argument: every user of
# the machine can read a process's arguments. --disable: ignores any .curlrc.
http() {
  local answer complete=true
  answer=$(curl --disable --silent --max-time "$REQUEST_SECONDS" \
    --write-out '\n%header{retry-after}\n%{errormsg}\n%{http_code}' "$@") || complete=false
  status=${answer##*$'\n'} answer=${answer%$'\n'*}
  problem=${answer##*$'\n'} answer=${answer%$'\n'*}
  # shellcheck disable=SC2034 # the caller reads body
  retry_after=${answer##*$'\n'} body=${answer%$'\n'*}
  # Removes curl's "after 3 ms", so that one problem stays one message.
  problem=${problem// after +([0-9]) ms/}
  [[ $complete == true && $status =~ ^[0-9]{3}$ ]] || status=000
  [[ $retry_after =~ ^[0-9]{1,5}$ ]] || retry_after=""
}

# token_in NAME
# Sets token to the member NAME of the answer, or to nothing. A token contains only these characters, so no other text gets into curl's
# configuration. JSON writes a quote in a text as \", so the pattern finds no text that looks like a member. This does not start jq,
# because jq takes twice as long as the request.
token_in() {
  local pattern="\"$1\" *: *\"([A-Za-z0-9._-]+)\""
  token=""
  # shellcheck disable=SC2034 # the caller reads token
  if [[ $body =~ $pattern ]]; then token=${BASH_REMATCH[1]}; fi
}

# not_now: succeeds if this answer means "try again later". Sets reason and pause for wait_until.
not_now() {
  case $status in
    000) reason="no answer (${problem:-the connection broke})" ;;
    408 | 429 | 5??) reason="it answered $status" ;;
    *) return 1 ;;
  esac
  if [[ -n $retry_after && $retry_after -gt ${pause%.*} ]]; then pause=$retry_after; fi
}
