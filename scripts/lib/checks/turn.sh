# shellcheck shell=bash disable=SC2154 # root comes from common.sh
# STUN and TURN at the address that browsers are given, used from inside the bundle. A firewall before the server is not seen by this.

# Of the certificate that stun serves, for check_certificate.
# shellcheck disable=SC2034
turns_serial=''

check_turn() {
  local line address told output said
  running stun && running tracker || return 0
  # /ice-servers is asked at stun itself, so that this needs no valid certificate yet.
  output=$(compose exec -T --env CHECKS=turn,turns --env NODE_TLS_REJECT_UNAUTHORIZED=0 --env NODE_NO_WARNINGS=1 \
    --env "ICE_SERVERS_URL=http://$(setting EDGE_GATEWAY 10.213.77.1):8478/ice-servers" \
    tracker node --input-type=module - <"$root/scripts/lib/smoke.mjs" 2>&1)
  told=$(told_addresses 4 | head -n 1)
  while read -r line; do
    case $line in
      'OK    turn: '*)
        address=${line##* }
        if [ -n "$told" ] && [ "$address" != "$told" ]; then
          bad "TURN: relays from $address, and PUBLIC_IP is $told. Run: docker compose up --detach --wait"
        else
          ok "TURN: ${line#*: }"
        fi
        ;;
      'OK    turns: '*)
        [[ $line != *' certificate '* ]] || turns_serial=${line##* }
        ok "TURN over TLS: ${line#*: }"
        ;;
      'FAIL  turns: '*) bad "TURN over TLS: ${line#*: }. Is $(setting STUN_TLS_PORT 5349)/tcp let in? Look at: docker compose logs stun" ;;
      'FAIL  turn: '*) bad "TURN: ${line#*: }. Are $(setting STUN_PORT 3478)/udp and the relayed ports let in, and is PUBLIC_IP right? (A NAT that does not lead back in lets this fail while others get through: try it from elsewhere.) Look at: docker compose logs stun" ;;
      *)
        # What Node says of a mistake has many lines: the one that names it is enough.
        said=$(grep -m 1 -E '(Error|FAIL|rror response)' <<<"$output")
        bad "TURN: cannot be used from the tracker's container: ${said:-$line}"
        return
        ;;
    esac
  done <<<"$output"
}
