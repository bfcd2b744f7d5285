#!/usr/bin/env bash
# Renders the templates beside this script into a folder: render.sh FOLDER. Settings come from the environment.
# Every fault is told at once and nothing is written; a placeholder that nobody fills is a fault too.
set -euo pipefail
templates=$(dirname "$(readlink -f "$0")")/templates
to=${1:?render.sh FOLDER: where to write the configuration}

names=()
faults=()
# setting NAME DEFAULT PATTERN RULE: reads a setting; the pattern is an extended regular expression for the whole value.
setting() {
  local name=$1 value=${!1:-$2}
  names+=("$name")
  printf -v "$name" '%s' "$value"
  [[ $value =~ ^($3)$ ]] || faults+=("$name=\"$value\": must be $4")
}
word='[A-Za-z0-9_.:/-]+'
number='[1-9][0-9]{0,6}'
host='[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*'
name_server=$(awk '$1 == "nameserver" && $2 !~ /:/ { print $2; exit }' /etc/resolv.conf)

setting NGINX_FORM plain 'plain|tls' 'plain or tls'
setting TURNS_443 '' 'on|' 'on or empty'
setting TRACKER_NAMES 'localhost tracker.localhost' "$host( $host)*" 'host names separated by blanks'
setting PEERJS_NAMES 'peerjs.localhost' "$host( $host)*" 'host names separated by blanks'
setting GUN_NAMES '' "($host( $host)*)?" 'host names separated by blanks, or empty'
setting TRACKER_UPSTREAM tracker:8000 "$host:$number" 'HOST:PORT'
setting PEERJS_UPSTREAM peerjs:9000 "$host:$number" 'HOST:PORT'
setting GUN_UPSTREAM gun:8765 "$host:$number" 'HOST:PORT'
setting STUN_UPSTREAM stun:8478 "$host:$number" 'HOST:PORT'
setting NGINX_HTTP_PORT 8080 "$number" 'a port'
setting NGINX_TLS_PORT 8443 "$number" 'a port'
setting NGINX_TURNS_PORT 8445 "$number" 'a port'
setting NGINX_HEALTH_PORT 8081 "$number" 'a port'
setting NGINX_METRICS_PORT 8082 "$number" 'a port'
setting NGINX_WORKERS auto "auto|$number" 'auto or a number'
setting NGINX_CONNECTIONS_MAX 20000 "$number" 'a whole number'
setting NGINX_CONNECTIONS_PER_ADDRESS_MAX 100 "$number" 'a whole number'
setting NGINX_REQUESTS_PER_SECOND_MAX 10 "$number" 'a whole number'
setting NGINX_RESOLVER "${name_server:-127.0.0.1}" "$word" 'an address'
setting NGINX_ACCESS_LOG /dev/stdout "$word" 'a path'
setting SITE_DIR /opt/nginx/site "$word" 'a path'
setting DATA_DIR /data "$word" 'a path'
setting TLS_DIR /tls "$word" 'a path'
setting ACME_DIR /acme "$word" 'a path'
setting TURN_NAME turn.localhost "$host" 'a host name'
setting TURN_UPSTREAM 127.0.0.1:3478 "$host:$number" 'HOST:PORT'
# Without IPv6 in the kernel, nginx cannot even ask for it.
ipv6=
[ -e /proc/net/if_inet6 ] || ipv6='#'
setting IF_IPV6 "$ipv6" '#?' 'empty or #'
setting RUN_DIR "$to" "$word" 'a path'
[[ $NGINX_FORM == tls || -z $TURNS_443 ]] || faults+=('TURNS_443="on": must be empty where NGINX_FORM is plain')

if ((${#faults[@]} > 0)); then
  echo 'nginx cannot start:' >&2
  printf '  %s\n' "${faults[@]}" >&2
  exit 1
fi

# render TEMPLATE [NAME]: fills in the settings, and nothing else.
render() {
  local text name
  text=$(<"$templates/$1")
  for name in "${names[@]}"; do
    text=${text//"\${$name}"/"${!name}"}
  done
  if [[ $text =~ \$\{[^}]*\} ]]; then
    echo "Cannot render $1: nobody fills ${BASH_REMATCH[0]}" >&2
    exit 1
  fi
  printf '%s\n' "$text" >"$to/${2:-$1}"
}

mkdir -p "$to"
for file in nginx headers proxy site errors descriptor pages tracker peerjs; do
  render "$file.conf"
done
[[ -z $GUN_NAMES ]] || render gun.conf
case $NGINX_FORM-$TURNS_443 in
  plain-*) render listen-plain.conf listen.conf ;;
  tls-) render listen-tls.conf listen.conf ;;
  tls-on)
    render listen-behind-sni.conf listen.conf
    render modules.conf
    render stream.conf
    ;;
esac
if [[ $NGINX_FORM == tls ]]; then
  render front.conf
  render acme.conf
  # The server that refuses unknown names listens where the sites do.
  sed 's/^\(#\?listen .*\);/\1 default_server;/' "$to/listen.conf" >"$to/listen-default.conf"
fi
