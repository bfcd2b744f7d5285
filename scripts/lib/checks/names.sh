# shellcheck shell=bash disable=SC2154 # failures comes from report.sh
# DNS: where the names lead, and which authorities may give out certificates for them.

# addresses_of FAMILY NAME
addresses_of() { getent "ahostsv$1" "$2" 2>/dev/null | awk '{ print $1 }' | grep -v '^::ffff:' | sort -u; }

check_names() {
  local name
  for name in $(public_names); do
    if [ -z "$(addresses_of 4 "$name")$(addresses_of 6 "$name")" ]; then
      bad "DNS: $name leads nowhere. Add an A record (and AAAA, if this server has IPv6) with this server's address"
    else
      check_name 4 A "$name"
      check_name 6 AAAA "$name"
    fi
  done
}

# private_only ADDRESSES: one in each line.
private_only() {
  local address
  for address in $1; do is_private "$address" || return; done
}

# check_name FAMILY RECORD NAME
check_name() {
  local found known wrong others
  found=$(addresses_of "$1" "$3")
  [ -n "$found" ] || return 0
  known=$(server_addresses "$1")
  wrong=$(grep -vxF "${known:-none}" <<<"$found")
  if [ -z "$wrong" ]; then
    ok "DNS: $3 leads to ${found//$'\n'/, }, this server"
  elif several_machines && grep -qxF "${known:-none}" <<<"$found"; then
    ok "DNS: $3 leads to ${found//$'\n'/, }, this server among them"
  elif [[ $wrong == 127.* || $wrong == ::1 ]]; then
    warn "DNS: $3 leads to ${wrong//$'\n'/, } by this machine's own /etc/hosts, so what others are told is not seen here. Remove the name there"
  elif private_only "$wrong"; then
    # Split DNS: inside of its own network a name may have another address. Which the internet is told, this machine cannot see.
    others=${known//$'\n'/, }
    if ! grep -qvxF "$(inside_addresses "$1")" <<<"$wrong"; then
      warn "DNS: $3 leads to ${wrong//$'\n'/, }, this server inside of its own network. The internet must be told ${others:-its public address}: look the name up from elsewhere"
    else
      warn "DNS: $3 leads to ${wrong//$'\n'/, }, a private address that is not on this server. That is right only where it leads here, and where the internet is told ${others:-the public address of this server}: look the name up from elsewhere. Otherwise correct the $2 record"
    fi
  elif [ -n "$known" ]; then
    bad "DNS: $3 leads to ${wrong//$'\n'/, }, and this server is ${known//$'\n'/, }. Correct the $2 record; or, if that address leads here too, put it into PUBLIC_IP"
  elif [ "$1" = 6 ]; then
    bad "DNS: $3 leads to ${wrong//$'\n'/, }, and this server has no public IPv6 address. Remove the AAAA record"
  else
    warn "DNS: $3 leads to ${found//$'\n'/, }. Whether that is this server is not known here"
  fi
}

# caa_records NAME: the answer to a CAA question, by whichever program is there: lines such as 0 issue "letsencrypt.org", or one word:
# unanswered, broken (the name's DNS servers fail) or nobody (none of the programs is there).
caa_records() {
  local answer
  if command -v dig >/dev/null; then
    answer=$(dig +noall +comments +answer +time=3 +tries=1 CAA "$1" 2>&1)
    [[ $answer == *'status: '* ]] || answer=unanswered
  elif command -v host >/dev/null; then
    answer=$(host -W 3 -t CAA "$1" 2>&1)
    [[ $answer != *'no servers could be reached'* ]] || answer=unanswered
  elif command -v resolvectl >/dev/null; then
    answer=$(resolvectl query --type=CAA --legend=no "$1" 2>&1) ||
      [[ $answer == *SERVFAIL* || $answer == *'does not have any'* || $answer == *'not found'* ]] || answer=unanswered
  else
    answer=nobody
  fi
  case $answer in
    *SERVFAIL*) echo broken ;;
    unanswered | nobody) echo "$answer" ;;
    *) sed -n 's/.*[[:space:]]\([0-9]\{1,3\} [a-z0-9]\{1,15\} "[^"]*"\).*/\1/p' <<<"$answer" ;;
  esac
}

# caa_allows RECORDS CA: whether that authority may answer for this set, asking over HTTP (RFC 8659 §4, RFC 8657).
caa_allows() {
  local record value methods
  # A critical property that nobody knows forbids everything.
  grep -qE '^(12[89]|1[3-9][0-9]|2[0-9]{2}) ' <(grep -vE '^[0-9]+ (issue|issuewild|iodef) ' <<<"$1") && return 1
  grep -qE '^[0-9]+ issue ' <<<"$1" || return 0
  while read -r _ _ record; do
    value=${record//[\" ]/}
    [ "${value%%;*}" = "$2" ] || continue
    methods=$(sed -n 's/.*;validationmethods=\([^;]*\).*/\1/p' <<<"$value")
    [ -n "$methods" ] && [[ ,$methods, != *,http-01,* ]] || return 0
  done < <(grep -E '^[0-9]+ issue ' <<<"$1")
  return 1
}

# The records nearest to a name hold: its own, or those of the closest parent that has any.
check_caa() {
  local name zone records before=$failures
  if [ -n "$(setting ACME_SERVER)" ]; then
    skip 'CAA: not compared, since ACME_SERVER names another authority'
    return
  fi
  for name in $(public_names); do
    zone=$name
    records=
    while [ -n "$zone" ]; do
      records=$(caa_records "$zone")
      [ -z "$records" ] || break
      [[ $zone == *.* ]] || break
      zone=${zone#*.}
    done
    case $records in
      nobody) skip 'CAA: not looked at, since none of dig, host and resolvectl is installed' && return ;;
      unanswered) skip 'CAA: not looked at, since the DNS server gives no answer' && return ;;
      broken) bad "CAA: the DNS servers of $zone fail (SERVFAIL), and then no authority gives out a certificate for $name. Ask whoever runs them" ;;
      *)
        caa_allows "$records" letsencrypt.org ||
          bad "CAA: the records of $zone do not let Let's Encrypt give out a certificate for $name. Add there: 0 issue \"letsencrypt.org\""
        ;;
    esac
  done
  [ "$failures" -gt "$before" ] || ok "CAA: Let's Encrypt may give out the certificate"
}
