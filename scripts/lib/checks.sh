# shellcheck shell=bash disable=SC2154 # root and state come from common.sh
# The doctor's checks: each prints one line, OK, WARN or FAIL, and what to do. Sourced after common.sh.

failures=0
warnings=0
ok() { say "OK    $*"; }
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

check_docker() {
  local engine version
  command -v docker >/dev/null || { bad 'docker: not installed. Install Docker Engine: https://docs.docker.com/engine/install/' && return; }
  engine=$(docker version --format '{{.Server.Version}}' 2>/dev/null) ||
    { bad "docker: the daemon does not answer. Start it, or run this as a user of the group docker" && return; }
  engine=${engine%%[!0-9.]*}
  if at_least 20.10 "$engine"; then ok "docker: Engine $engine"; else bad "docker: Engine $engine is too old. Install 20.10 or newer"; fi
  version=$(docker compose version --short 2>/dev/null) || { bad 'docker compose: not installed. Install the package docker-compose-plugin' && return; }
  version=${version#v}
  version=${version%%[!0-9.]*}
  if at_least 2.24.4 "$version"; then ok "docker compose: $version"; else bad "docker compose: $version is too old. Install 2.24.4 or newer"; fi
}

# The names that .env.example knows.
known_settings() { sed -n 's/^#\{0,1\}\([A-Z][A-Z0-9_]*\)=.*/\1/p' "$root/.env.example"; }

check_env() {
  local file=$root/.env line name value number=0 domain wrong=0
  if [ ! -e "$file" ]; then
    bad '.env: there is none. Run scripts/setup DOMAIN, or copy .env.example to .env and set DOMAIN'
    return
  fi
  [ "$(stat -c %a "$file")" = 600 ] || warn '.env: others on this machine may read it. Run: chmod 600 .env'
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    if [[ ! $line =~ ^[A-Z][A-Z0-9_]*= ]]; then
      bad ".env line $number: is no setting. Write NAME=value, without blanks around ="
      wrong=1
      continue
    fi
    name=${line%%=*}
    value=${line#*=}
    known_settings | grep -qx "$name" || warn ".env line $number: nobody reads $name. Is it misspelt? .env.example has all names"
    if [[ $value == *\$* && $value != \'*\' ]]; then
      bad ".env line $number: $name has a dollar sign, which docker compose replaces. Put the value into single quotes"
      wrong=1
    fi
    if [[ $value =~ ^[\"\'] && ! $value =~ ^(\'[^\']*\'|\"[^\"]*\")[[:space:]]*$ ]]; then
      bad ".env line $number: $name begins with a quote that is not closed at the end"
      wrong=1
    fi
  done <"$file"
  domain=$(setting DOMAIN)
  if [ -z "$domain" ]; then
    bad '.env: DOMAIN is not set. Set it to your domain, for example DOMAIN=example.org'
  elif [[ ! $domain =~ ^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])$ ]]; then
    bad ".env: DOMAIN=\"$domain\" is no domain. Write it in small letters without https:// and without a path, for example example.org"
  elif [ $wrong = 0 ]; then
    ok ".env: DOMAIN=$domain"
  fi
  if [[ $(setting COMPOSE_FILE) != docker-compose.yml:docker-compose.deploy.yml* ]]; then
    bad '.env: COMPOSE_FILE is missing, so docker compose alone would start the local form. Add COMPOSE_FILE=docker-compose.yml:docker-compose.deploy.yml'
  fi
}

check_compose_files() {
  local said
  if said=$(compose config --quiet 2>&1); then ok 'compose files: complete'; else bad "compose files: $said"; fi
}

running() { [ -n "$(compose ps --quiet --status running "$1" 2>/dev/null)" ]; }

# port PROTOCOL NUMBER SERVICE: free, or used by the service.
check_port() {
  command -v ss >/dev/null || return
  [ -n "$(ss -Hln"${1:0:1}" "sport = :$2" 2>/dev/null)" ] || return 0
  running "$3" || bad "port $2/$1: another program uses it. Find it with: ss -lnp${1:0:1} 'sport = :$2'"
}

check_ports() {
  local before=$failures stun
  stun=$(setting STUN_PORT 3478)
  check_port tcp 80 nginx
  check_port tcp 443 nginx
  check_port udp "$stun" stun
  check_port tcp "$stun" stun
  check_port tcp "$(setting STUN_TLS_PORT 5349)" stun
  [ $failures -gt "$before" ] || ok 'ports: free, or ours'
}

# The names that lead to this server.
public_names() {
  local domain
  domain=$(setting DOMAIN)
  printf '%s\n' "tracker.$domain" "peerjs.$domain" "turn.$domain"
  setting GUN_NAME
}

check_names() {
  local name found
  for name in $(public_names); do
    found=$(getent ahosts "$name" | awk '{ print $1 }' | sort -u | tr '\n' ' ')
    if [ -z "$found" ]; then
      bad "DNS: $name leads nowhere. Add an A record (and AAAA, if this server has IPv6) with this server's address"
    else
      ok "DNS: $name leads to $found"
    fi
  done
}

check_system() {
  local free files wanted
  free=$(df --output=avail -k "$root" | tail -n 1)
  if [ "$free" -lt 1048576 ]; then bad "disk: $((free / 1024)) MB left. At least 1 GB is needed"; else ok "disk: $((free / 1048576)) GB left"; fi
  wanted=$(setting FILES_MAX 65536)
  files=$(awk '/^Max open files/ { print $5 }' "/proc/$(pgrep -o -x dockerd)/limits" 2>/dev/null)
  if [ -n "$files" ] && [ "$files" != unlimited ] && [ "$files" -lt "$wanted" ]; then
    bad "open files: Docker may give $files to a container, FILES_MAX is $wanted. Raise Docker's limit, or set FILES_MAX=$files"
  fi
  if [ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" = no ]; then
    warn 'clock: not synchronised. TLS and TURN credentials need the right time: timedatectl set-ntp true'
  fi
  if command -v ufw >/dev/null && ufw status 2>/dev/null | grep -q '^Status: active'; then
    warn "firewall: ufw does not cover ports that Docker publishes, but it does cover stun: it must let in 3478/udp, 3478/tcp, 5349/tcp, $(setting STUN_RELAY_PORT_MIN 49152):$(setting STUN_RELAY_PORT_MAX 65535)/udp, and everything from $(setting EDGE_SUBNET 172.31.254.0/24)"
  fi
}

check_containers() {
  local service status
  for service in nginx tracker peerjs stun; do
    status=$(docker inspect --format '{{.State.Health.Status}}, {{.RestartCount}}' "$(compose ps --quiet "$service" 2>/dev/null)" 2>/dev/null)
    case $status in
      'healthy, 0') ok "$service: healthy" ;;
      healthy*) warn "$service: healthy, but it was restarted ${status#*, } times. Look at: docker compose logs $service" ;;
      starting*) warn "$service: starting. Ask again in half a minute" ;;
      '') bad "$service: not running. Run: docker compose up --detach --wait" ;;
      *) bad "$service: ${status%,*}. Look at: docker compose logs $service" ;;
    esac
  done
}

# The question that the certificate authority asks, asked by ourselves: under each name, over IPv4 and IPv6.
check_challenge() {
  local token name family seen
  running nginx || return 0
  command -v curl >/dev/null || { warn 'challenge: not checked, since curl is not installed' && return; }
  token=doctor-$RANDOM$RANDOM
  # The folder is certbot's to write.
  compose run --rm --no-deps -T --entrypoint bash certbot -c \
    "mkdir -p /acme/.well-known/acme-challenge && echo $token >/acme/.well-known/acme-challenge/$token" </dev/null >/dev/null 2>&1 ||
    { bad 'challenge: the certbot container does not run. Look at: docker compose run --rm certbot status' && return; }
  for name in $(public_names); do
    for family in 4 6; do
      getent "ahostsv$family" "$name" 2>/dev/null | awk '{ print $1 }' | grep -vq '^::ffff:' || continue
      seen=$(curl "-$family" -fsS -m 10 "http://$name/.well-known/acme-challenge/$token" 2>&1)
      if [ "$seen" = "$token" ]; then
        ok "challenge: answered under $name over IPv$family"
      elif [ $family = 6 ]; then
        bad "challenge: $name does not lead to this nginx over IPv6 (${seen##*curl: }). Let port 80 in over IPv6, or remove the AAAA record"
      else
        bad "challenge: $name does not lead to this nginx (${seen##*curl: }). Check the A record, and that port 80 is let in from everywhere"
      fi
    done
  done
  compose run --rm --no-deps -T --entrypoint rm certbot -f "/acme/.well-known/acme-challenge/$token" </dev/null >/dev/null 2>&1
}

check_client_addresses() {
  local seen
  running nginx || return 0
  seen=$(compose logs --no-log-prefix --tail 500 nginx 2>/dev/null | sed -n 's/.*"address":"\([^"]*\)".*/\1/p' | sort -u)
  if [ -n "$seen" ] && ! grep -qvE '^(172\.(1[6-9]|2[0-9]|3[01])\.|10\.|192\.168\.|127\.|::1$)' <<<"$seen"; then
    warn 'client addresses: nginx has seen private ones only. If these are not your own visits, every client shares the limits of one address: see "Client addresses" in docs/operating.md'
  fi
}

check_certificate() {
  local serial left issuer age
  running nginx || return 0
  read -r serial left issuer <<<"$(compose run --rm --no-deps -T certbot status </dev/null 2>/dev/null | tail -n 1)"
  if [ "${serial:-none}" = none ]; then
    bad 'certificate: a self-signed one. Run: scripts/renew-certs.sh'
    return
  fi
  if [[ $issuer == *STAGING* ]]; then
    warn 'certificate: from the staging authority, which no browser trusts. Set CERT_STAGING=false and run: scripts/renew-certs.sh'
  elif [ "$left" -lt $((7 * 86400)) ]; then
    bad "certificate: good for $((left / 86400)) more days. Run: scripts/renew-certs.sh"
  else
    ok "certificate: $serial from $issuer, good for $((left / 86400)) more days"
  fi
  if [ ! -e "${CRON_FOLDER:-/etc/cron.d}/relay-swarm" ]; then
    warn 'renewals: cron does not know of them. Run: sudo scripts/install-cron'
  elif [ -e "$state/renewal.json" ]; then
    age=$((($(date +%s) - $(stat -c %Y "$state/renewal.json")) / 3600))
    if [ $age -gt 48 ]; then bad "renewals: the last run was $age hours ago. Is cron running? systemctl status cron"; else ok "renewals: the last run was $age hours ago"; fi
  fi
}
