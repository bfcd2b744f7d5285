#!/usr/bin/env bash
# Starts coturn with what render.sh writes. Whatever is wrong is said and ends the container.
set -euo pipefail
umask 077
run=$(mktemp -d)
"$(dirname "$(readlink -f "$0")")/render.sh" > "$run/turnserver.conf"
exec turnserver -c "$run/turnserver.conf" --pidfile "$run/pid" --userdb "$run/users"
