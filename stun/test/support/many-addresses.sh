#!/usr/bin/env bash
# In a network namespace of its own (unshare --net), a server with several addresses and a client on another machine:
#   many-addresses.sh main.js folder address...
# writes what coturn's clients say about each address to folder/address.stun and folder/address.turn.
set -eu
main=$1 folder=$2
shift 2
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT

ip link set lo up
unshare --net sleep 300 &
client=$!
pids+=("$client")
until [ "$(readlink "/proc/$client/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
at_client() { nsenter --target "$client" --net "$@"; }

ip link add server type veth peer name client
ip link set client netns "$client"
at_client ip link set lo up
at_client ip link set client up
ip link set server up
at_client ip address add 10.77.0.100/16 dev client
at_client ip address add fd77::100/64 dev client nodad

# The last address comes while the server is running already.
last=${*: -1}
add() {
  case $1 in
    *:*) ip address add "$1/64" dev server nodad ;;
    *) ip address add "$1/16" dev server ;;
  esac
}
for address; do [ "$address" = "$last" ] || add "$address"; done
PUBLIC_IP=$1 DATA_DIR=$folder STUN_SECRET=$(printf '5ec2e7%.0s' {1..10}) node "$main" >"$folder/server.log" &
pids+=($!)
for _ in {1..200}; do
  node -e 'fetch("http://127.0.0.1:8478/healthz").then(() => process.exit(0), () => process.exit(1))' && break
  sleep 0.1
done
add "$last"
for _ in {1..200}; do
  grep -q '"opened":"'"$last"'"' "$folder/server.log" && break
  sleep 0.1
done

clients=()
for address; do
  at_client timeout 30 turnutils_stunclient "$address" >"$folder/$address.stun" 2>&1 &
  clients+=($!)
  at_client timeout 30 turnutils_uclient -u alice -W "$(printf '5ec2e7%.0s' {1..10})" -y -c -n 5 -m 2 "$address" \
    >"$folder/$address.turn" 2>&1 &
  clients+=($!)
done
for pid in "${clients[@]}"; do wait "$pid" || true; done
