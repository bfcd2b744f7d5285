#!/usr/bin/env bash
# Makes the running nginx read its certificate again; open connections stay. Refuses where the configuration does not hold.
set -euo pipefail
run=/run/nginx
nginx -t -q -e stderr -p "$run" -c "$run/nginx.conf"
nginx -s reload -e stderr -p "$run" -c "$run/nginx.conf"
