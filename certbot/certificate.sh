#!/usr/bin/env bash
# Inside the certbot container: certificate.sh COMMAND
#   ensure    asks for the certificate where there is none for these names from this authority, otherwise renews it when it is time
#   dry-run   goes through an order with the staging authority; nothing changes
#   force     renews now
#   status    one line for scripts: SERIAL SECONDS_LEFT LIFETIME_SECONDS ISSUER, or "none"
set -euo pipefail
name=bundle
lineage=/etc/letsencrypt/live/$name
renewal=/etc/letsencrypt/renewal/$name.conf

production=${ACME_SERVER:-https://acme-v02.api.letsencrypt.org/directory}
staging=${ACME_STAGING_SERVER:-https://acme-staging-v02.api.letsencrypt.org/directory}
# As the certificate will have them, or it would be another one at every run: small letters, no final dot, each once.
names=()
for each in ${CERT_NAMES:?names of the certificate, separated by blanks}; do
  each=${each,,}
  each=${each%.}
  [[ " ${names[*]} " == *" $each "* ]] || names+=("$each")
done
common=(--non-interactive --logs-dir /etc/letsencrypt/logs --max-log-backups 20 --work-dir /tmp/work --config-dir /etc/letsencrypt)
[ -z "${CERT_PROFILE:-}" ] || common+=(--preferred-profile "$CERT_PROFILE")

ensure() {
  local server=$production
  has_room
  clear_ruins
  if [ "${CERT_STAGING:-false}" != false ]; then
    if is_real; then
      echo 'CERT_STAGING=true, but the certificate is a real one: it stays, since no browser would trust the other. To try: --dry-run'
    else
      server=$staging
    fi
  fi
  # Unlike certonly, renew asks the authority when it wants the certificate to be renewed (ARI).
  ! is_wanted "$server" || certbot renew "${common[@]}" --cert-name "$name" --no-random-sleep-on-renew "$@"
  # Another authority or other names mean a new one, so that the switch from staging is all it takes.
  is_wanted "$server" || issue "$server"
  publish_if_new
}

# certbot finds out that a disk is full when the certificate is issued, and counted.
has_room() {
  local folder
  for folder in /etc/letsencrypt /tls /acme; do
    if ! head -c 256K /dev/zero >"$folder/.room"; then
      rm -f "$folder/.room" || true
      echo "Cannot keep a new certificate: $folder has no room for 256 kB, or must not be written to. Nothing was asked for" >&2
      exit 1
    fi
    rm "$folder/.room"
  done
}

# What a power cut or a full disk left half-written would be in certbot's way for ever. The certificate that is served is not here.
clear_ruins() {
  is_whole || rm -rf "$lineage" "/etc/letsencrypt/archive/$name" "$renewal"
  [ ! -e /etc/letsencrypt/accounts ] || find /etc/letsencrypt/accounts -name '*.json' -empty -printf '%h\0' | xargs -0r rm -rf
}

# issue SERVER [OPTION…]
issue() {
  local extra=("${@:2}")
  if [ -n "${CERT_EMAIL:-}" ]; then extra+=(--email "$CERT_EMAIL"); else extra+=(--register-unsafely-without-email); fi
  [ ! -e "$lineage" ] || extra+=(--force-renewal)
  certbot certonly "${common[@]}" "${extra[@]}" --agree-tos --server "$1" --webroot --webroot-path /acme \
    --cert-name "$name" --renew-with-new-domains "${names[@]/#/--domain=}"
}

# certbot itself takes a chain that was cut short for a good one.
is_whole() {
  local key
  key=$(openssl pkey -pubout -in "$lineage/privkey.pem" 2>/dev/null) &&
    [ "$(openssl x509 -noout -pubkey -in "$lineage/cert.pem" 2>/dev/null)" = "$key" ] &&
    cat "$lineage/cert.pem" "$lineage/chain.pem" | cmp -s - "$lineage/fullchain.pem" &&
    [ -n "$(authority)" ]
}

# is_wanted SERVER: there is a certificate from there, with all names.
is_wanted() {
  is_whole && [ "$(authority)" = "$1" ] && [ "$(names_in_certificate)" = "$(printf '%s\n' "${names[@]}" | sort)" ]
}

is_real() { is_whole && [ "$(authority)" != "$staging" ]; }

authority() { sed -n 's/^server = //p' "$renewal" 2>/dev/null; }

names_in_certificate() {
  openssl x509 -noout -ext subjectAltName -in "$lineage/cert.pem" | grep -o 'DNS:[^, ]*' | sed 's/^DNS://' | sort
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
  local current=/tls/current/fullchain.pem start end issuer
  if [ "$(readlink /tls/current)" = self-signed ] || [ ! -e $current ]; then
    echo none
    return
  fi
  start=$(date -d "$(openssl x509 -noout -startdate -in $current | sed 's/.*=//')" +%s)
  end=$(date -d "$(openssl x509 -noout -enddate -in $current | sed 's/.*=//')" +%s)
  issuer=$(openssl x509 -noout -issuer -nameopt multiline -in $current | sed -n 's/^ *commonName *= //p')
  echo "$(readlink /tls/current) $((end - $(date +%s))) $((end - start)) $issuer"
}

mkdir -p /tmp/work
mkdir -p /etc/letsencrypt/logs || true # has_room says what is wrong
case ${1:-} in
  ensure) ensure ;;
  force) ensure --force-renewal ;;
  dry-run) issue "$staging" --dry-run ;;
  status) status ;;
  *)
    sed -n '2,6s/^# //p' "$0"
    exit 2
    ;;
esac
