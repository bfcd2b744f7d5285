# shellcheck shell=bash
# How the doctor's checks talk. Each says a line: OK, WARN, FAIL, or SKIP for what could not be looked at, and what to do.

failures=0
warnings=0
ok() { say "OK    $*"; }
skip() { say "SKIP  $*"; }
warn() {
  warnings=$((warnings + 1))
  say "WARN  $*"
}
bad() {
  failures=$((failures + 1))
  say "FAIL  $*"
}

# at_least WANTED FOUND: compares versions.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

running() { [ -n "$(compose ps --quiet --status running "$1" 2>/dev/null)" ]; }

# The names that lead to this server.
public_names() {
  local domain
  domain=$(setting DOMAIN)
  # What a proxy before us has leads to wherever that is.
  behind_proxy || printf '%s\n' "tracker.$domain" "peerjs.$domain"
  printf '%s\n' "turn.$domain"
  behind_proxy || normal "$(setting GUN_NAME)" | sed '/^$/d'
}

# Where the kernel shows what it does; tests have one of their own.
# shellcheck disable=SC2034 # for the checks
proc=${PROC_FOLDER:-/proc}
