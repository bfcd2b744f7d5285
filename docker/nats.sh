#!/usr/bin/env bash
# Starts the nats-server in its container. With CLUSTER_ROUTE_TLS it is one of several machines' (docker-compose.routes.yml), and lets others in
# only over TLS, with a certificate of the same authority and the password. Nothing is stored.
set -euo pipefail
umask 077
folder=${NATS_FOLDER:-/tmp/nats}
mkdir -p "$folder"

# plain NAME: a value that needs no quotes in the configuration.
plain() { [[ ${!1:-} =~ ^[A-Za-z0-9.:,_-]+$ ]] || { echo "$1 is missing, or has other characters than letters, digits and .:,_-" >&2 && exit 1; }; }
plain CLUSTER_TOKEN

{
  # The monitoring port is for who looks from inside the container.
  printf 'listen: "0.0.0.0:4222"\nhttp: "127.0.0.1:8222"\nauthorization { token: "%s" }\n' "$CLUSTER_TOKEN"
  if [ -n "${CLUSTER_ROUTE_TLS:-}" ]; then
    plain CLUSTER_PASSWORD
    plain PRIVATE_ADDRESS
    [ -z "${CLUSTER_ROUTES:-}" ] || plain CLUSTER_ROUTES # the first machine names nobody
    # Three files in one line: the authority, this machine's certificate, its key.
    base64 -d <<<"$CLUSTER_ROUTE_TLS" | awk -v folder="$folder" '
      /^-----BEGIN CERTIFICATE/ { file = folder (++certificates == 1 ? "/authority.pem" : "/certificate.pem") }
      /^-----BEGIN .*PRIVATE KEY/ { file = folder "/key.pem" }
      file != "" { print >file }'
    routes=
    others=${CLUSTER_ROUTES:-}
    for each in ${others//,/ }; do routes+="\"tls://route:$CLUSTER_PASSWORD@$each\" "; done
    cat <<CLUSTER
cluster {
  name: relay-swarm
  listen: "0.0.0.0:6222"
  cluster_advertise: "$PRIVATE_ADDRESS:6222"
  # Nodes use the nats-server of their own machine.
  no_advertise: true
  authorization { user: route, password: "$CLUSTER_PASSWORD", timeout: 2 }
  tls { cert_file: "$folder/certificate.pem", key_file: "$folder/key.pem", ca_file: "$folder/authority.pem", verify: true, timeout: 3 }
  routes: [ $routes]
}
CLUSTER
  fi
} >"$folder/nats.conf"
exec nats-server --config "$folder/nats.conf"
