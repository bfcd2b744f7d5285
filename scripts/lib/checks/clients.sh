# shellcheck shell=bash disable=SC2154 # proc comes from report.sh
# nginx as the world reaches it: the certificate authority's question, and the addresses that clients are seen with.

# The question that the authority asks, asked by ourselves: under each name, at every address that it has.
check_challenge() {
  local token name family address
  running nginx || return 0
  command -v curl >/dev/null || { skip 'challenge: not asked, since curl is not installed' && return; }
  token=doctor-$RANDOM$RANDOM
  # The folder is certbot's to write.
  compose run --rm --no-deps -T --entrypoint bash certbot -c \
    "mkdir -p /acme/.well-known/acme-challenge && echo $token >/acme/.well-known/acme-challenge/$token" </dev/null >/dev/null 2>&1 ||
    { bad 'challenge: the certbot container does not run. Look at: docker compose run --rm certbot status' && return; }
  for name in $(public_names); do
    for family in 4 6; do
      for address in $(addresses_of $family "$name"); do ask_challenge $family "$name" "$address" "$token"; done
    done
  done
  compose run --rm --no-deps -T --entrypoint rm certbot -f "/acme/.well-known/acme-challenge/$token" </dev/null >/dev/null 2>&1
  check_client_addresses
}

# ask_challenge FAMILY NAME ADDRESS TOKEN
ask_challenge() {
  local seen where='' at=$3
  [ "$1" = 4 ] || at="[$at]"
  # Who has one address needs no telling which.
  [ "$(addresses_of "$1" "$2" | wc -l)" = 1 ] || where=" at $3"
  seen=$(curl "-$1" -fsS -m 10 --resolve "$2:80:$at" "http://$2/.well-known/acme-challenge/$4" 2>&1)
  if [ "$seen" = "$4" ]; then
    ok "challenge: answered under $2 over IPv$1$where"
    check_seen_address "$1" "$2" "$4"
  elif [ "$1" = 6 ]; then
    bad "challenge: $2 does not lead to this nginx over IPv6$where (${seen##*curl: }). Let port 80 in over IPv6, or remove the AAAA record"
  else
    bad "challenge: $2 does not lead to this nginx$where (${seen##*curl: }). Check the A record, and that port 80 is let in from everywhere"
  fi
}

# The addresses of our own questions that nginx took for Docker's gateway, as family: name.
hidden=''

# check_seen_address FAMILY NAME TOKEN: with which address nginx saw us, by its log. Where Docker runs no program that forwards, it
# disguises this machine's own connections and nobody else's: then this says nothing.
check_seen_address() {
  local line
  grep -qx docker-proxy "$proc"/[0-9]*/comm 2>/dev/null || return 0
  line=$(compose logs --no-log-prefix --tail 50 nginx 2>/dev/null | grep -F "\"host\":\"$2\"" | grep -F "$3" | tail -n 1)
  line=${line#*\"address\":\"}
  if nginx_gateways | grep -qxF "${line%%\"*}"; then hidden="$hidden IPv$1"; fi
}

nginx_gateways() {
  docker inspect --format '{{range .NetworkSettings.Networks}}{{.Gateway}}{{"\n"}}{{.IPv6Gateway}}{{"\n"}}{{end}}' "$(compose ps --quiet nginx)" 2>/dev/null | sed '/^$/d'
}

# The limits of one address need addresses.
check_client_addresses() {
  local families names name
  families=$(tr ' ' '\n' <<<"$hidden" | sed '/^$/d' | sort -u | tr '\n' ' ')
  for name in $(public_names); do [ -z "$(addresses_of 6 "$name")" ] || names="${names:-} $name"; done
  if docker info --format '{{.SecurityOptions}}' 2>/dev/null | grep -q rootless; then
    warn 'client addresses: Docker runs without root and hides them, so that all clients share the limits of one address. Run Docker as root'
  elif [ -n "$families" ]; then
    warn "client addresses: over ${families% } nginx saw Docker's gateway instead of this machine, so all clients there may share the limits of one address. See \"Client addresses\" in docs/operating.md"
  elif [ -n "${names:-}" ] && ! has_ipv6_network; then
    warn "client addresses:$names has an AAAA record, and Docker's network has no IPv6, so all IPv6 clients share the limits of one address. See \"Client addresses\" in docs/operating.md"
  else
    ok "client addresses: nothing hides them"
  fi
}

has_ipv6_network() {
  local network
  for network in $(docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}' "$(compose ps --quiet nginx)" 2>/dev/null); do
    [ "$(docker network inspect --format '{{.EnableIPv6}}' "$network" 2>/dev/null)" != true ] || return 0
  done
  return 1
}
