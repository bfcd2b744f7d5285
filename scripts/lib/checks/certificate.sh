# shellcheck shell=bash disable=SC2154 # state comes from common.sh, turns_serial from turn.sh
# The certificate on disk, the ones that are served, and whether anybody renews.

check_certificate() {
  local serial left lifetime issuer served
  running nginx || return 0
  read -r serial left lifetime issuer <<<"$(compose run --rm --no-deps -T certbot status </dev/null 2>/dev/null | tail -n 1)"
  if [ "${serial:-none}" = none ]; then
    bad 'certificate: a self-signed one. Run: scripts/renew-certs.sh'
    return
  fi
  if [[ $issuer == *STAGING* ]]; then
    warn 'certificate: from the staging authority, which no browser trusts. Set CERT_STAGING=false and run: scripts/renew-certs.sh'
  elif [ "$left" -lt $((7 * 86400)) ] && [ "$left" -lt $((lifetime / 12)) ]; then # a twelfth: of six days, when renewals have failed for long
    bad "certificate: good for $((left / 86400)) more days. Run: scripts/renew-certs.sh"
  else
    ok "certificate: $serial from $issuer, good for $((left / 86400)) more days"
  fi
  served=$(compose exec -T nginx openssl s_client -connect 127.0.0.1:8443 -servername "tracker.$(setting DOMAIN)" </dev/null 2>/dev/null |
    openssl x509 -noout -serial 2>/dev/null)
  check_served nginx "${served#serial=}" "$serial"
  [ -z "$turns_serial" ] || check_served stun "$turns_serial" "$serial"
}

# On a further machine: the one that scripts/machines has brought.
check_taken_certificate() {
  local said serial ends left
  running nginx || return 0
  said=$(compose exec -T nginx openssl x509 -noout -serial -enddate -subject -in /tls/current/fullchain.pem </dev/null 2>/dev/null)
  serial=$(sed -n 's/^serial=//p' <<<"$said")
  ends=$(sed -n 's/^notAfter=//p' <<<"$said")
  left=$((($(date -d "${ends:-now}" +%s) - $(date +%s)) / 86400))
  if [ -z "$serial" ] || [[ $said == *'not a real certificate yet'* ]]; then
    bad 'certificate: a self-signed one. Take that of the first machine: scripts/machines'
  elif [ "$left" -lt 7 ]; then
    bad "certificate: good for $left more days, and the first machine has a newer one. Take it daily: scripts/machines"
  else
    ok "certificate: $serial, of the first machine, good for $left more days"
  fi
}

# check_served SERVICE SERVED WANTED
check_served() {
  if [ "$2" = "$3" ]; then
    ok "certificate: $1 serves this one"
  else
    bad "certificate: $1 serves ${2:-none}, and $3 is on disk. Run: scripts/renew-certs.sh"
  fi
}

check_renewals() {
  local hours code
  if [ ! -e "${CRON_FOLDER:-/etc/cron.d}/relay-swarm" ]; then
    warn 'renewals: cron does not know of them. Run: sudo scripts/install-cron'
    return
  fi
  [ -e "$state/renewal.json" ] || { warn 'renewals: none has run yet. Run: scripts/renew-certs.sh' && return; }
  hours=$((($(date +%s) - $(stat -c %Y "$state/renewal.json")) / 3600))
  code=$(sed -n 's/.*"exitCode":\([0-9]*\).*/\1/p' "$state/renewal.json")
  if [ $hours -gt 48 ]; then
    bad "renewals: the last run was $hours hours ago. Is cron running? systemctl status cron"
  elif [ "${code:-0}" -gt 10 ]; then
    bad "renewals: the last run, $hours hours ago, ended with $code. Run: scripts/renew-certs.sh"
  else
    ok "renewals: the last run was $hours hours ago"
  fi
}
