# shellcheck shell=bash disable=SC2154 # failures comes from report.sh
# The ports that the bundle needs: free, or its own already.

# has_profile NAME: whether this further part is run.
has_profile() { [[ ,$(setting COMPOSE_PROFILES), == *,$1,* ]]; }

# check_port PROTOCOL NUMBER SERVICE
check_port() {
  [ -n "$(ss -Hln"${1:0:1}" "sport = :$2" 2>/dev/null)" ] || return 0
  running "$3" || bad "port $2/$1: another program uses it, and $3 needs it. Find it with: sudo ss -lnp${1:0:1} 'sport = :$2'"
}

check_ports() {
  local before=$failures port
  command -v ss >/dev/null || { skip 'ports: not looked at, since ss is not installed (package iproute2)' && return; }
  if behind_proxy; then
    check_port tcp "$(setting HTTP_PORT 5001)" nginx
  else
    check_port tcp 80 nginx
    check_port tcp 443 nginx
  fi
  port=$(setting STUN_PORT 3478)
  check_port udp "$port" stun
  check_port tcp "$port" stun
  check_port tcp "$(setting STUN_TLS_PORT 5349)" stun
  check_port udp "$(setting TRACKER_DHT_PORT 6881)" tracker
  port=$(setting TRACKER_UDP_PORT 0)
  if [ "$port" != 0 ]; then
    check_port udp "$port" tracker
    [[ $(setting COMPOSE_FILE) == *docker-compose.udp.yml* ]] ||
      warn "port $port/udp: TRACKER_UDP_PORT is set, and the port is not published. Add :docker-compose.udp.yml to COMPOSE_FILE in .env"
  fi
  if has_profile metrics; then check_port tcp 3000 grafana; fi
  if has_profile coturn; then
    port=$(setting COTURN_PORT 3479)
    check_port udp "$port" coturn
    check_port tcp "$port" coturn
  fi
  [ "$failures" -gt "$before" ] || ok 'ports: free, or ours'
}
