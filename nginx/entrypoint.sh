#!/usr/bin/env bash
# Starts nginx: renders the configuration, checks it, and only then runs. Whatever is wrong is said and ends the container.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
run=/run/nginx

"$here/render.sh" "$run"
[[ ${NGINX_FORM:-plain} == plain ]] || "$here/tls-placeholder.sh" "${TLS_DIR:-/tls}"
nginx -t -q -e stderr -p "$run" -c "$run/nginx.conf"
exec nginx -e stderr -p "$run" -c "$run/nginx.conf" -g 'daemon off;'
