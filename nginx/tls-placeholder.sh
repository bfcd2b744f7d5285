#!/usr/bin/env bash
# Makes a self-signed certificate where there is none yet: tls-placeholder.sh FOLDER. nginx starts with it, so that it can answer
# the certificate authority's questions; the first real certificate takes its place by moving the link `current`.
set -euo pipefail
folder=${1:?tls-placeholder.sh FOLDER: where the certificates are}
[ -e "$folder/current/fullchain.pem" ] && exit 0

mkdir -p "$folder/self-signed"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj '/CN=not a real certificate yet' \
  -keyout "$folder/self-signed/privkey.pem" -out "$folder/self-signed/fullchain.pem" 2>/dev/null
chmod 600 "$folder/self-signed/privkey.pem"
ln -sfn self-signed "$folder/current"
