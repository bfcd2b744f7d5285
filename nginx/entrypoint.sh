#!/usr/bin/env bash
# Starts nginx: renders the configuration, checks it, and only then runs. Whatever is wrong is said and ends the container.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
run=/run/nginx

"$here/render.sh" "$run"
[[ ${NGINX_FORM:-plain} == plain ]] || "$here/tls-placeholder.sh" "${TLS_DIR:-/tls}"
nginx -t -q -e stderr -p "$run" -c "$run/nginx.conf"

# Says where everything is, once everything answers; on a laptop, where a person reads along.
say_ready() {
  local at=$1 service waited=0
  for service in tracker:8000 peerjs:9000 stun:8478; do
    until healthy "$service" 2>/dev/null; do
      ((waited += 1))
      ((waited != 60)) || echo "relay-swarm: ${service%:*} does not answer yet. What it says: docker compose logs ${service%:*}"
      ((waited < 1200)) || return 0
      sleep 0.5
    done
  done
  cat <<READY

relay-swarm is ready:
  pages     http://$at/            what runs here, and how to use it
  tracker   ws://$at               in a magnet: &tr=ws%3A%2F%2F${at/:/%3A}
  PeerJS    http://$at/peerjs      host ${at%:*}, port ${at##*:}, path /
  STUN/TURN http://$at/ice-servers what to give to RTCPeerConnection
Stop with Ctrl-C; docker compose down removes the containers

READY
}
[[ -z ${NGINX_SAYS_READY_AT:-} ]] || say_ready "$NGINX_SAYS_READY_AT" &
exec nginx -e stderr -p "$run" -c "$run/nginx.conf" -g 'daemon off;'
