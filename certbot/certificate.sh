#!/usr/bin/env bash
# Inside the certbot container: certificate.sh COMMAND
#   ensure    asks for the certificate where there is none for these names from this authority, otherwise renews it when it is time
#   dry-run   goes through a renewal with the staging authority; nothing changes
#   force     renews now
#   status    one line for scripts: SERIAL SECONDS_LEFT ISSUER, or "none"
set -euo pipefail
name=bundle
lineage=/etc/letsencrypt/live/$name
# Names and authority of the certificate that is there. Others than wanted mean a new one, so that the switch from staging to
# the real authority is all it takes.
asked=/etc/letsencrypt/asked

production=https://acme-v02.api.letsencrypt.org/directory
staging=https://acme-staging-v02.api.letsencrypt.org/directory
server=${ACME_SERVER:-$production}
[ "${CERT_STAGING:-false}" = false ] || server=$staging
wanted="$server ${CERT_NAMES:?names of the certificate, separated by blanks}"
common=(--non-interactive --logs-dir /tmp/logs --work-dir /tmp/work --config-dir /etc/letsencrypt)

ensure() {
  if [ -e "$lineage/fullchain.pem" ] && [ "$(cat "$asked" 2>/dev/null)" = "$wanted" ]; then
    # Unlike certonly, renew asks the authority when it wants the certificate to be renewed (ARI).
    certbot renew "${common[@]}" --cert-name "$name" --no-random-sleep-on-renew "$@"
  else
    issue
  fi
  publish_if_new
}

issue() {
  local hosts extra=()
  read -ra hosts <<<"$CERT_NAMES"
  if [ -n "${CERT_EMAIL:-}" ]; then extra+=(--email "$CERT_EMAIL"); else extra+=(--register-unsafely-without-email); fi
  [ -z "${CERT_PROFILE:-}" ] || extra+=(--preferred-profile "$CERT_PROFILE")
  [ ! -e "$lineage/fullchain.pem" ] || extra+=(--force-renewal)
  certbot certonly "${common[@]}" "${extra[@]}" --agree-tos --server "$server" --webroot --webroot-path /acme \
    --cert-name "$name" --renew-with-new-domains "${hosts[@]/#/--domain=}"
  echo "$wanted" >"$asked"
}

# Not a hook inside certbot: what a full disk kept from being published, the next run publishes.
publish_if_new() {
  [ "$(readlink /tls/current)" = "$(serial)" ] || RENEWED_LINEAGE=$lineage publish.sh
}

serial() {
  openssl x509 -noout -serial -in "$lineage/fullchain.pem" | sed 's/^serial=//'
}

# Of the published certificate: what certbot has and nobody serves is of no use.
status() {
  local current=/tls/current/fullchain.pem end issuer
  if [ "$(readlink /tls/current)" = self-signed ] || [ ! -e $current ]; then
    echo none
    return
  fi
  end=$(openssl x509 -noout -enddate -in $current)
  issuer=$(openssl x509 -noout -issuer -nameopt multiline -in $current | sed -n 's/^ *commonName *= //p')
  echo "$(readlink /tls/current) $(($(date -d "${end#notAfter=}" +%s) - $(date +%s))) $issuer"
}

mkdir -p /tmp/logs /tmp/work
case ${1:-} in
  ensure) ensure ;;
  force) ensure --force-renewal ;;
  dry-run) certbot renew "${common[@]}" --cert-name "$name" --no-random-sleep-on-renew --dry-run ;;
  status) status ;;
  *)
    sed -n '2,6s/^# //p' "$0"
    exit 2
    ;;
esac
