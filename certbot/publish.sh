#!/usr/bin/env bash
# Puts a new certificate where nginx and stun read it, whole or not at all.
#   /tls/<serial>/{fullchain,privkey}.pem, and the link /tls/current that leads to the newest
# /tls/.reload tells scripts/renew-certs.sh that the services have to read it.
set -euo pipefail
lineage=${RENEWED_LINEAGE:?the folder of the new certificate, as certbot tells its hooks}
tls=/tls

of_certificate=$(openssl x509 -noout -pubkey -in "$lineage/fullchain.pem")
of_key=$(openssl pkey -pubout -in "$lineage/privkey.pem")
if [ "$of_certificate" != "$of_key" ]; then
  echo 'Cannot publish the certificate: its key is another one' >&2
  exit 1
fi

serial=$(openssl x509 -noout -serial -in "$lineage/fullchain.pem")
serial=${serial#serial=}
new=$(mktemp -d "$tls/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
install -m 0644 "$lineage/fullchain.pem" "$new/fullchain.pem"
install -m 0600 "$lineage/privkey.pem" "$new/privkey.pem"
chmod 0755 "$new"
rm -rf "${tls:?}/$serial"
mv "$new" "$tls/$serial"
ln -s "$serial" "$tls/.link.$$"
mv -T "$tls/.link.$$" "$tls/current"
touch "$tls/.reload"

# The pair before stays for a while: somebody may be starting with it just now.
find "$tls" -mindepth 1 -maxdepth 1 -type d ! -name self-signed ! -name "$serial" -mtime +1 -exec rm -rf {} +
echo "published certificate $serial"
