#!/usr/bin/env bash
# Gets and renews the certificate of the deployed bundle, and makes sure that it is the one that is served.
#
#   scripts/renew-certs.sh [--quiet] [--dry-run | --force]
#
#   --quiet     says nothing while all is well, for cron
#   --dry-run   goes through an order with the staging authority; nothing changes
#   --force     renews now, due or not (the authority counts these)
#
# Asks for the first certificate too. nginx is told to reload only when there is a new certificate, and open connections stay.
# The result is kept in .state/renewal.json; RENEW_PING_URL is called after each run, with /fail added when it failed.
#
#   0   nothing was due, and the certificate on disk is the one that is served
#   10  renewed, and the new certificate is served
#   20  renewal failed, or the dry run; the certificate does not end soon
#   30  renewal failed; the certificate ends within 14 days (one for less than 84 days: within a sixth of its life), or there is none
#   40  there is a new certificate, and it is not served
#   50  another run is at work
#   2   wrong use
set -uo pipefail
# shellcheck source=scripts/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

quiet=false
command=ensure
for arg in "$@"; do
  case $arg in
    --quiet) quiet=true ;;
    --dry-run) command=dry-run ;;
    --force) command=force ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done

tell() { $quiet || say "$*"; }

# How long the certificate is good for, to be read by people.
left() {
  if [ "$seconds_left" -ge $((2 * 86400)) ]; then echo "$((seconds_left / 86400)) days"; else echo "$((seconds_left / 3600)) hours"; fi
}

# Soon: 14 days, which leaves a good two weeks of tries for one of 90 days. One of six days is renewed when three are left.
ends_soon() { [ "$seconds_left" -le $((14 * 86400)) ] && [ "$seconds_left" -le $((lifetime / 6)) ]; }

in_nginx() { compose exec -T nginx "$@" 9>&- </dev/null; }

certificate() { compose run --rm --no-deps -T certbot "$@" 9>&- </dev/null; }

# serial_at HOST:PORT NAME: the serial number of the certificate that is served there. Asked inside nginx's container, so that no
# firewall and no DNS comes between.
serial_at() {
  in_nginx openssl s_client -connect "$1" -servername "$2" 2>/dev/null | openssl x509 -noout -serial 2>/dev/null | sed 's/^serial=//'
}

domain=$(setting DOMAIN)
https=127.0.0.1:8443
turns=$(setting EDGE_GATEWAY 10.213.77.1):$(setting STUN_TLS_PORT 5349)

# Says what serves another certificate than $serial; succeeds when nothing does. A TURN server that is down serves nothing wrong.
not_serving() {
  local found
  found=$(serial_at "$https" "tracker.$domain")
  if [ "$found" != "$serial" ]; then
    echo "nginx serves ${found:-nothing}"
    return 1
  fi
  found=$(serial_at "$turns" "turn.$domain")
  if [ -n "$found" ] && [ "$found" != "$serial" ]; then
    echo "stun serves $found"
    return 1
  fi
}

# Waits a little, since a reload takes effect after the command has returned.
wait_until_served() {
  local _
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    not_serving >/dev/null && return
    sleep 1
  done
  not_serving
}

# publish_metrics CODE: for Prometheus, which asks nginx. One that is down has none.
publish_metrics() {
  local now
  now=$(date +%s)
  {
    printf '# TYPE relay_swarm_renewal_timestamp_seconds gauge\nrelay_swarm_renewal_timestamp_seconds %s\n' "$now"
    printf '# TYPE relay_swarm_renewal_exit_code gauge\nrelay_swarm_renewal_exit_code %s\n' "$1"
    if [ -n "${seconds_left:-}" ]; then
      printf '# TYPE relay_swarm_certificate_ends_timestamp_seconds gauge\nrelay_swarm_certificate_ends_timestamp_seconds %s\n' $((now + seconds_left))
      printf '# TYPE relay_swarm_certificate_lifetime_seconds gauge\nrelay_swarm_certificate_lifetime_seconds %s\n' "$lifetime"
    fi
  } | compose exec -T nginx bash -c 'cat >/tls/.metrics && mv /tls/.metrics /tls/metrics.prom' >/dev/null 2>&1 9>&-
}

# finish CODE SENTENCE: keeps the result, calls the monitor, ends.
finish() {
  local url
  printf '{"checkedAt":"%s","exitCode":%s,"message":"%s","serial":"%s","secondsLeft":%s}\n' \
    "$(date -u +%FT%TZ)" "$1" "$2" "${serial:-}" "${seconds_left:-null}" >"$state/renewal.json.tmp" &&
    mv "$state/renewal.json.tmp" "$state/renewal.json"
  publish_metrics "$1"
  url=$(setting RENEW_PING_URL)
  if [ -n "$url" ]; then
    [ "$1" -le 10 ] || url=$url/fail
    curl -fsS -m 10 -o /dev/null "$url" || complain "Cannot reach RENEW_PING_URL"
  fi
  if [ "$1" -le 10 ]; then tell "$2"; else complain "$2"; fi
  exit "$1"
}

exclusively renewal
if [ $command = dry-run ]; then
  certificate dry-run || fail 20 'The dry run failed: see above'
  tell 'The dry run went well: a renewal would work'
  exit 0
fi

output=$(certificate "$command" 2>&1)
failed=$?
$quiet || say "$output"

# After a failure too: the certificate that is there must go on being served.
read -r serial seconds_left lifetime _ <<<"$(certificate status 2>/dev/null | tail -n 1)"
[ "${serial:-none}" != none ] || serial=
if [ $failed -ne 0 ]; then
  $quiet && complain "$output"
  [ -n "$seconds_left" ] || finish 30 'Renewal failed, and there is no certificate'
  [ "$seconds_left" -gt 0 ] || finish 30 'Renewal failed, and the certificate has ended'
  if ends_soon; then finish 30 "Renewal failed; the certificate is good for only $(left)"; fi
  finish 20 "Renewal failed; the certificate is good for another $(left)"
fi

# The mark stays until the new certificate is served, so that a reload that failed is tried again.
if ! in_nginx test -e /tls/.reload && not_serving >/dev/null; then
  finish 0 "Nothing to do: certificate $serial is served, and good for another $(left)"
fi
if ! output=$(in_nginx /opt/nginx/reload.sh 2>&1); then
  complain "$output"
  finish 40 "Certificate $serial is there, but nginx does not reload: the one before is still served"
fi
compose kill --signal HUP stun >/dev/null 2>&1 9>&- # one that is down reads it when it starts
wrong=$(wait_until_served) || finish 40 "Certificate $serial is there, and the services were told, but $wrong"
in_nginx rm -f /tls/.reload
finish 10 "Renewed: certificate $serial is served, and good for $(left)"
