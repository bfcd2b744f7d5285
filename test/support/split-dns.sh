#!/usr/bin/env bash
# A server behind NAT in a network that answers differently inside, for one command. In namespaces of its own (unshare --net --mount):
#   split-dns.sh FOLDER ADDRESS NAME=ADDRESS,… COMMAND…
# The machine has ADDRESS, and its DNS is split-dns.mjs. On port 80 of ADDRESS stands what answers the certificate authority as nginx does.
set -eu
folder=$1 address=$2 zone=$3
shift 3
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

ip link set lo up
ip address add "$address/24" dev lo
echo 'nameserver 127.0.0.1' >"$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf
# shellcheck disable=SC2086 # one word for each name
node "$(dirname "$0")/split-dns.mjs" ${zone//,/ } >"$folder/dns.log" &
node -e '
  require("node:http")
    .createServer(({ url }, answer) => answer.end(url.split("/").at(-1)))
    .listen(80, process.argv[1], () => console.log("ready"));
' "$address" >"$folder/web.log" &
for log in dns web; do until grep -q ready "$folder/$log.log"; do sleep 0.05; done; done
"$@"
