# shellcheck shell=bash
: "${title:?is the title of the issue}"
# Maintains one issue, found by its title. scripts/pipeline/drift and upstream source this file.

# GitHub's limit is 65,536 characters.
longest=60000

# Prints the number of the open issue, if any. It reads the list, because GitHub's search finds a new issue late.
open_issue() {
  gh issue list --state open --limit 1000 --json number,title \
    --jq "[.[] | select(.title == \"$title\")][0].number // empty"
}

# Opens the issue, or updates it: keep_issue BODY
keep_issue() {
  local body=${1:0:longest} issue
  issue=$(open_issue)
  if [ -n "$issue" ]; then
    gh issue edit "$issue" --body-file - <<<"$body" >/dev/null
    printf 'Updated issue %s.\n' "$issue" >&2
  else
    gh issue create --title "$title" --body-file - <<<"$body" >/dev/null
    printf 'Opened an issue: %s.\n' "$title" >&2
  fi
}

# Closes the issue if it is open: close_issue COMMENT
close_issue() {
  local issue
  issue=$(open_issue)
  [ -n "$issue" ] || return 0
  gh issue close "$issue" --comment "$1" >/dev/null
  printf 'Closed issue %s.\n' "$issue" >&2
}
