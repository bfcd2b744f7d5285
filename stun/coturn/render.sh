#!/usr/bin/env bash
# Writes coturn's configuration to standard output, from the same settings as the stun service (stun/src/settings.ts) and the
# same secret. Says every fault and ends with 1. COTURN_PORT, COTURN_TLS_PORT and COTURN_RELAY_PORT_MIN/MAX are its own, so that
# both can run on one machine.
set -euo pipefail

faults=0
fault() { echo "coturn cannot start: $1" >&2; faults=1; }
# number NAME DEFAULT MIN MAX
number() {
  local value=${!1:-$2}
  if [[ $value =~ ^[0-9]{1,12}$ ]] && (( 10#$value >= $3 && 10#$value <= $4 )); then
    printf -v "$1" '%s' "$((10#$value))"
  else
    fault "$1=\"$value\": must be a whole number from $3 to $4"
  fi
}
# secret NAME: from the variable, from the file that NAME_FILE names, or from the one given. Never printed.
secret() {
  local file_name=${1}_FILE value=${!1:-} file=${2:-}
  file=${!file_name:-$file}
  if [[ -z $value && -n $file ]]; then
    if [[ ! -r $file ]]; then
      fault "$1 is not set and $file cannot be read: run scripts/setup, or start the stun service first, which makes a secret"
      return
    fi
    value=$(tr -d '[:space:]' < "$file")
  fi
  if [[ -z $value ]]; then
    [[ -n ${3:-} ]] || fault "$1 is not set: run scripts/setup, which makes one"
  elif [[ ! $value =~ ^[0-9a-fA-F]{32,}$ ]]; then
    fault "$1 (${#value} characters, not shown): must be at least 32 hexadecimal characters"
  fi
  printf -v "$1" '%s' "$value"
}
is_ipv4() { [[ $1. =~ ^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){4}$ ]]; }
# range NETWORK: "10.0.0.0/8" as coturn wants it, "10.0.0.0-10.255.255.255".
range() {
  local address=${1%/*} bits=${1#*/} a b c d first last
  if ! is_ipv4 "$address" || [[ $1 == */* && ! $bits =~ ^([0-9]|[12][0-9]|3[0-2])$ ]]; then return 1; fi
  [[ $1 == */* ]] || { echo "$address"; return; }
  IFS=. read -r a b c d <<< "$address"
  first=$(( ((10#$a << 24) | (10#$b << 16) | (10#$c << 8) | 10#$d) & (0xffffffff << (32 - bits)) & 0xffffffff ))
  last=$(( first | (0xffffffff >> bits) ))
  printf '%d.%d.%d.%d-%d.%d.%d.%d\n' \
    $((first >> 24)) $((first >> 16 & 255)) $((first >> 8 & 255)) $((first & 255)) \
    $((last >> 24)) $((last >> 16 & 255)) $((last >> 8 & 255)) $((last & 255))
}
# peers SETTING WORD
peers() {
  local network as_range
  for network in ${!1//,/ }; do
    if as_range=$(range "$network"); then echo "$2=$as_range"
    else fault "$1 has \"$network\": coturn takes IPv4 addresses and networks only (10.1.2.3, 10.0.0.0/8)"; fi
  done
}

number COTURN_PORT 3479 1 65535
number COTURN_TLS_PORT 5350 1 65535
number COTURN_RELAY_PORT_MIN 61180 1024 65535
number COTURN_RELAY_PORT_MAX 61199 1024 65535
number STUN_ALLOCATIONS_PER_USER_MAX 200 1 60000
number STUN_ALLOCATIONS_MAX 4000 1 60000
number STUN_BYTES_PER_SECOND_PER_ALLOCATION_MAX 1000000 0 100000000000
number STUN_BYTES_PER_SECOND_MAX 0 0 100000000000
number STUN_ALLOCATION_SECONDS_MAX 3600 600 86400
number STUN_NONCE_SECONDS 600 60 86400
(( COTURN_RELAY_PORT_MIN <= COTURN_RELAY_PORT_MAX )) \
  || fault "COTURN_RELAY_PORT_MIN=$COTURN_RELAY_PORT_MIN is above COTURN_RELAY_PORT_MAX=$COTURN_RELAY_PORT_MAX: it must be at most that"
secret STUN_SECRET "${STUN_SECRET_DIR:-/secret}/turn-secret"
secret STUN_SECRET_PREVIOUS '' optional
realm=${STUN_REALM:-relay-swarm}
[[ $realm =~ ^[[:graph:]]{1,127}$ ]] || fault "STUN_REALM=\"$realm\": must be 1 to 127 characters without spaces"
public=${PUBLIC_IP:-}
public=${public%%[, ]*}
is_ipv4 "$public" || fault "PUBLIC_IP=\"$public\": coturn does not find it out, so it must be an IPv4 address"
external=$public
# Two clients of one server meet at its own address. Our engine delivers that in process; coturn sends it to the network, so its
# own address has to be an allowed peer, and with it every UDP service there. Fine in a container that has no other.
own=''
case ${COTURN_ALLOW_OWN_ADDRESS:-false} in
  true) own=$(hostname -I | cut -d ' ' -f 1); [[ $own == "$public" ]] || external=$public/$own ;;
  false) ;;
  *) fault "COTURN_ALLOW_OWN_ADDRESS=\"$COTURN_ALLOW_OWN_ADDRESS\": must be true or false" ;;
esac
cert=${STUN_TLS_CERT_FILE:-} key=${STUN_TLS_KEY_FILE:-}
if [[ -n $cert || -n $key ]]; then
  for file in "$cert" "$key"; do [[ -r $file ]] || fault "STUN_TLS_CERT_FILE and STUN_TLS_KEY_FILE: \"$file\" cannot be read"; done
fi
STUN_ALLOWED_PEERS=${STUN_ALLOWED_PEERS:-} STUN_DENIED_PEERS=${STUN_DENIED_PEERS:-}
exceptions=$(peers STUN_ALLOWED_PEERS allowed-peer-ip; peers STUN_DENIED_PEERS denied-peer-ip; exit "$faults") || faults=1
(( faults == 0 )) || exit 1

cat << CONF
listening-port=$COTURN_PORT
min-port=$COTURN_RELAY_PORT_MIN
max-port=$COTURN_RELAY_PORT_MAX
external-ip=$external
realm=$realm
use-auth-secret
static-auth-secret=$STUN_SECRET
${STUN_SECRET_PREVIOUS:+static-auth-secret=$STUN_SECRET_PREVIOUS}
fingerprint
stale-nonce=$STUN_NONCE_SECONDS
max-allocate-lifetime=$STUN_ALLOCATION_SECONDS_MAX
user-quota=$STUN_ALLOCATIONS_PER_USER_MAX
total-quota=$STUN_ALLOCATIONS_MAX
max-bps=$STUN_BYTES_PER_SECOND_PER_ALLOCATION_MAX
bps-capacity=$STUN_BYTES_PER_SECOND_MAX
no-cli
no-software-attribute
no-tcp-relay
no-multicast-peers
log-file=stdout
simple-log
CONF
if [[ -n $cert ]]; then
  printf 'tls-listening-port=%s\ncert=%s\npkey=%s\nno-dtls\nno-tlsv1\nno-tlsv1_1\n' "$COTURN_TLS_PORT" "$cert" "$key"
else
  printf 'no-tls\nno-dtls\n'
fi
# As in stun/src/turn/peer-policy.ts: only the public internet, with the operator's exceptions. An allowed peer wins over a denied one.
for network in 0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 \
  192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4; do
  echo "denied-peer-ip=$(range "$network")"
done
cat << 'CONF'
denied-peer-ip=::-1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
denied-peer-ip=2001::-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff
denied-peer-ip=2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff
denied-peer-ip=2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff
denied-peer-ip=3fff::-3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff
denied-peer-ip=4000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
CONF
echo "$exceptions"
[[ -z $own ]] || echo "allowed-peer-ip=$own"
