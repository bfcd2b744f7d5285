# shellcheck shell=bash
# What the operator's scripts share: where things are, how they talk, how they call docker compose. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# What the scripts keep for themselves: locks, the state of renewals, the images before an update.
# shellcheck disable=SC2034 # for those who source this
state=${RELAY_SWARM_STATE:-$root/.state}

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }
# fail CODE SENTENCE: ends the script.
fail() {
  complain "$2"
  exit "$1"
}

# usage: prints the comment at the head of the script that sources this.
usage() { sed -n '2,/^[^#]/{ /^#/ { s/^# \{0,1\}//p } }' "$0"; }

# value_of OPTION [VALUE]: what stands behind an option, or the end of the script.
value_of() { if [ -n "${2:-}" ]; then value=$2; else fail 2 "$1 needs a value behind it: see --help"; fi; }

# setting NAME [DEFAULT]: a setting from the environment or .env. The file is read, never run.
setting() {
  local name=$1 line value=
  if [ -n "${!name:-}" ]; then
    printf '%s\n' "${!name}"
    return
  fi
  if [ -e "$root/.env" ]; then
    line=$(grep -E "^[[:space:]]*(export[[:space:]]+)?$name=" "$root/.env" | tail -n 1) || true # none, which is no fault
    value=${line#*=}
    value=${value#"${value%%[![:space:]]*}"}
    case $value in
      \'*) value=${value#\'} && value=${value%%\'*} ;;
      \"*) value=${value#\"} && value=${value%%\"*} ;;
      *) value=${value%%[[:space:]]#*} && value=${value%"${value##*[![:space:]]}"} ;;
    esac
  fi
  [ -n "$value" ] || value=${2:-}
  printf '%s\n' "$value"
}

# put NAME VALUE: sets a line of .env, and leaves the others alone.
put() {
  local file=$root/.env
  if grep -q "^$1=" "$file"; then
    sed -i "s|^$1=.*|$1=$2|" "$file"
  else
    printf '%s=%s\n' "$1" "$2" >>"$file"
  fi
}

# is_domain NAME: in small letters, with a dot, at most 246 characters (tracker. comes before it), and no address.
is_domain() { [ ${#1} -le 246 ] && [[ $1 =~ ^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])$ ]]; }

# normal NAME: as DNS has it, in small letters and without the final dot.
normal() {
  local name=${1,,}
  printf '%s\n' "${name%.}"
}

# Whether another proxy stands before nginx and has the certificate (docs/behind-a-proxy.md).
behind_proxy() { [[ $(setting COMPOSE_FILE) == *docker-compose.behind-proxy.yml* ]]; }

# Whether this is one of several machines of a domain (docs/cluster.md), and whether it is another one than the first.
several_machines() { [[ $(setting COMPOSE_FILE) =~ docker-compose\.fronts?\.yml ]]; }
further_machine() { [[ $(setting COMPOSE_FILE) == *docker-compose.front.yml* ]]; }

# compose ARGS…: docker compose on the deployed bundle, whatever the folder we are called from.
compose() {
  (cd "$root" && COMPOSE_FILE=$(setting COMPOSE_FILE docker-compose.yml:docker-compose.deploy.yml) docker compose "$@")
}

# whole_bundle ARGS…: the same with what runs only when it is called (certbot), beside all that COMPOSE_PROFILES names. An option
# --profile would put itself in the place of those.
whole_bundle() {
  local profiles
  profiles=$(setting COMPOSE_PROFILES)
  COMPOSE_PROFILES=${profiles:+$profiles,}tools compose "$@"
}

# What root makes here belongs to the folder's owner, as whom cron renews.
give_to_owner() { [ "$(id -u)" != 0 ] || chown --reference="$root" "$@"; }

# exclusively NAME: holds the lock until the script ends, or ends it with 50 because another one runs.
exclusively() {
  mkdir -p "$state"
  exec 9>"$state/$1.lock"
  give_to_owner "$state" "$state/$1.lock"
  flock -n 9 || fail 50 "Another $(basename "$0") is at work: nothing was done"
}
