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
# names NAME DEFAULT PATTERN RULE: host names; small letters, no final dot, each once.
host_names() {
  local name=$1 each all=
  for each in ${!1:-$2}; do
    each=${each,,}
    each=${each%.}
    [[ " $all " == *" $each "* ]] || all+="${all:+ }$each"
  done
  printf -v "$name" '%s' "$all"
  setting "$name" '' "$3" "$4"
}
word='[A-Za-z0-9_.:/-]+'
number='[1-9][0-9]{0,6}'
number_rule='a whole number from 1 to 9999999'
host='[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*'
name_server=$(awk '$1 == "nameserver" && $2 !~ /:/ { print $2; exit }' /etc/resolv.conf)

setting NGINX_FORM plain 'plain|tls' 'plain or tls'
setting TURNS_443 '' 'on|' 'on or empty'
host_names TRACKER_NAMES 'localhost tracker.localhost' "$host( $host)*" 'host names separated by blanks'
host_names PEERJS_NAMES 'peerjs.localhost' "$host( $host)*" 'host names separated by blanks'
host_names GUN_NAMES '' "($host( $host)*)?" 'host names separated by blanks, or empty'
setting TRACKER_UPSTREAM tracker:8000 "$host:$number" 'HOST:PORT'
# Its WebSockets, where a cluster has several nodes for them.
setting TRACKER_SOCKETS_UPSTREAM "$TRACKER_UPSTREAM" "$host:$number" 'HOST:PORT'
setting PEERJS_UPSTREAM peerjs:9000 "$host:$number" 'HOST:PORT'
setting GUN_UPSTREAM gun:8765 "$host:$number" 'HOST:PORT'
setting STUN_UPSTREAM stun:8478 "$host:$number" 'HOST:PORT'
# Where the answer for the certificate authority is, if not here; empty: here.
setting ACME_UPSTREAM '' "($host:$number)?" 'HOST:PORT, or empty'
setting NGINX_HTTP_PORT 8080 "$number" 'a port'
setting NGINX_TLS_PORT 8443 "$number" 'a port'
setting NGINX_TURNS_PORT 8445 "$number" 'a port'
setting NGINX_HEALTH_PORT 8081 "$number" 'a port'
setting NGINX_METRICS_PORT 8082 "$number" 'a port'
setting NGINX_WORKERS auto "auto|$number" 'auto or a number'
setting NGINX_CONNECTIONS_MAX 20000 "$number" "$number_rule"
setting NGINX_CONNECTIONS_PER_ADDRESS_MAX 2000 "$number" "$number_rule"
setting NGINX_REQUESTS_PER_SECOND_MAX 100 "$number" "$number_rule"
setting NGINX_REQUESTS_BURST 5000 "$number" "$number_rule"
setting LOG_FORMAT json 'json|text' 'json or text'
setting NGINX_LOG_ADDRESSES short 'short|full|none' 'short, full or none'
# In the form plain, behind another proxy: whom to believe who the client is, and in which header.
setting NGINX_TRUSTED_PROXIES '' "($word([, ]+$word)*)?" 'addresses or networks separated by commas, or empty'
setting NGINX_FRONT_SCHEME '' 'https|' 'https or empty'
setting NGINX_CLIENT_HEADER X-Forwarded-For '[A-Za-z0-9-]+' 'the name of a header'
setting NGINX_ANSWER_SECONDS_MAX 15 "$number" "$number_rule"
# A service that has not even pinged for two periods and a bit is frozen.
setting TRACKER_PING_SECONDS 27 "$number" "$number_rule"
setting PEERJS_PING_SECONDS 27 "$number" "$number_rule"
setting GUN_PING_SECONDS 27 "$number" "$number_rule"
setting NGINX_RESOLVER "${name_server:-127.0.0.1}" "$word" 'an address'
setting NGINX_ACCESS_LOG /dev/stdout "$word" 'a path'
setting SITE_DIR /opt/nginx/site "$word" 'a path'
setting MEDIA_DIR /media "$word" 'a path'
setting DATA_DIR /data "$word" 'a path'
setting TLS_DIR /tls "$word" 'a path'
setting ACME_DIR /acme "$word" 'a path'
host_names TURN_NAME turn.localhost "$host" 'a host name'
setting TURN_UPSTREAM 127.0.0.1:3478 "$host:$number" 'HOST:PORT'
# Without IPv6 in the kernel, nginx cannot even ask for it.
ipv6=
[ -e /proc/net/if_inet6 ] || ipv6='#'
setting IF_IPV6 "$ipv6" '#?' 'empty or #'
setting RUN_DIR "$to" "$word" 'a path'
[[ $NGINX_FORM == tls || -z $TURNS_443 ]] || faults+=('TURNS_443="on": must be empty where NGINX_FORM is plain')

# derived NAME VALUE: what follows from settings.
derived() { names+=("$1") && printf -v "$1" '%s' "$2"; }
if ((${#faults[@]} == 0)); then
  # From 1.25.5 on nginx hands a connection on as it is; before, it is proxied once more, with a line that says who the client is.
  nginx_version=$(nginx -v 2>&1 | sed -n 's|.*nginx/\([0-9.]*\).*|\1|p')
  hand_on=proxy_pass proxy_line=' proxy_protocol'
  if [[ $(printf '%s\n' 1.25.5 "${nginx_version:-0}" | sort -V | head -n 1) == 1.25.5 ]]; then
    hand_on=pass proxy_line=
  fi
  derived HAND_ON "$hand_on"
  derived PROXY_LINE "$proxy_line"
  derived SILENCE_SECONDS_MAX $((2 * (TRACKER_PING_SECONDS > PEERJS_PING_SECONDS ? TRACKER_PING_SECONDS : PEERJS_PING_SECONDS) + 20))
  ((2 * GUN_PING_SECONDS + 20 <= SILENCE_SECONDS_MAX)) || derived SILENCE_SECONDS_MAX $((2 * GUN_PING_SECONDS + 20))
  # What the front says is no better than what nginx sees, where there is none.
  # shellcheck disable=SC2016 # nginx's own variable
  derived CLIENT_SCHEME "${NGINX_FRONT_SCHEME:-\$scheme}"
  derived NGINX_REQUESTS_AT_ONCE $((NGINX_REQUESTS_BURST / 10 + 50))
  # Connections that have asked nothing yet are few beside those that have.
  derived NGINX_OPEN_PER_ADDRESS_MAX $((NGINX_CONNECTIONS_PER_ADDRESS_MAX + NGINX_CONNECTIONS_PER_ADDRESS_MAX / 4 + 16))
  acme_missing=${ACME_UPSTREAM:+@acme_elsewhere}
  derived ACME_MISSING "${acme_missing:-=404}"
  trusted=
  for each in ${NGINX_TRUSTED_PROXIES//,/ }; do
    if [[ $each == private ]]; then
      for network in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7; do trusted+="set_real_ip_from $network; "; done
    else
      trusted+="set_real_ip_from $each; "
    fi
  done
  derived TRUSTED_PROXIES "$trusted"
fi

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
for file in nginx headers client-key shown-address limits proxy plain-request site errors cors descriptor pages tracker peerjs; do
  render "$file.conf"
done
[[ -z $GUN_NAMES ]] || render gun.conf
if [[ $NGINX_FORM == plain ]]; then
  render listen-plain.conf listen.conf
else
  for file in modules stream front acme; do render "$file.conf"; done
  [[ -z $ACME_UPSTREAM ]] || render acme-elsewhere.conf
  [[ -z $TURNS_443 ]] || { render turns-way.conf && render turns.conf; }
  render listen-behind-stream.conf listen.conf
  # The server that refuses unknown names listens where the sites do.
  sed 's/^\(#\?listen .*\);/\1 default_server;/' "$to/listen.conf" >"$to/listen-default.conf"
fi
