# shellcheck shell=bash
# Addresses: this machine's own, those that the internet sees, and what each is. The doctor's only questions to others are here.

is_address() {
  local part parts
  case $1 in
    *:*:*) [[ $1 =~ ^[0-9A-Fa-f:]+(\.[0-9.]+)?$ && -n $(plain "$1") ]] ;;
    *.*.*.*)
      [[ $1 =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ ]] || return
      IFS=. read -ra parts <<<"$1"
      for part in "${parts[@]}"; do [ "$part" -le 255 ] || return; done
      ;;
    *) return 1 ;;
  esac
}

# plain ADDRESS: as everybody writes it, 2001:DB8:0::1 as 2001:db8::1. A number is not looked up anywhere.
plain() { getent ahosts "$1" | awk 'NR == 1 { print $1 }'; }

is_private() {
  [[ $1 =~ ^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2[0-9]|3[01])|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])|22[4-9]|2[3-5][0-9])\. ||
    ${1,,} =~ ^(::1?$|f[cdf]|fe[89ab]) ]]
}

# own_addresses FAMILY: the public ones on this machine's interfaces. Docker's networks are private.
own_addresses() {
  local address
  for address in $(interface_addresses "$1"); do is_private "$address" || printf '%s\n' "$address"; done
}

# inside_addresses FAMILY: the private ones.
inside_addresses() {
  local address
  for address in $(interface_addresses "$1"); do ! is_private "$address" || printf '%s\n' "$address"; done
}

interface_addresses() { ip -o "-$1" addr show scope global 2>/dev/null | awk '{ sub(/\/.*/, "", $4); print $4 }'; }

# told_addresses FAMILY: those of PUBLIC_IP.
told_addresses() {
  local address
  for address in $(setting PUBLIC_IP | tr , ' '); do
    if [ "$1" = 6 ]; then [[ $address != *:* ]] || plain "$address"; else [[ $address == *:* ]] || printf '%s\n' "$address"; fi
  done
}

# How the internet sees this machine: filled by look_from_outside, one address in each, or nothing.
seen4=''
seen6=''
seconds_ahead=''

# look_from_outside: asks the sources in PUBLIC_IP_SOURCES for our address; their answers have the time, too.
look_from_outside() {
  local sources source family answer address date
  sources=$(setting PUBLIC_IP_SOURCES https://icanhazip.com,https://api64.ipify.org)
  if [ "$sources" = none ]; then
    skip 'outside: nobody is asked, since PUBLIC_IP_SOURCES=none. Public address and clock are compared with nothing but this machine'
    return
  fi
  for family in 4 6; do
    for source in ${sources//,/ }; do
      answer=$(curl "-$family" -isf -m 5 "$source" 2>/dev/null | tr -d '\r') || continue
      address=$(tail -n 1 <<<"$answer" | tr -d '[:space:]')
      is_address "$address" || continue
      date=$(sed -n 's/^[Dd]ate: //p' <<<"$answer" | head -n 1)
      [ -z "$date" ] || seconds_ahead=$(($(date +%s) - $(date -d "$date" +%s)))
      if [ $family = 6 ]; then
        take_seen seen6 "$(plain "$address")" "$source"
      else
        take_seen seen4 "$address" "$source"
      fi
    done
  done
  [ -n "$seen4$seen6" ] ||
    skip "outside: no answer from ${sources//,/, }, so public address and clock are compared with nothing but this machine. Without a way out that is as it must be"
}

# take_seen VARIABLE ADDRESS SOURCE: the first answer holds, and one that differs is told.
take_seen() {
  if [ -z "${!1}" ]; then
    printf -v "$1" '%s' "$2"
  elif [ "${!1}" != "$2" ]; then
    warn "public address: $3 sees this machine as $2, another as ${!1}. With several ways out, set PUBLIC_IP to the one that leads in"
  fi
}

# server_addresses FAMILY: where the internet may reach this server, as far as that is known.
server_addresses() {
  local seen=seen$1
  {
    told_addresses "$1"
    printf '%s\n' "${!seen}"
    own_addresses "$1"
  } | sed '/^$/d' | sort -u
}

# What TURN hands out must lead here. A server behind NAT does not see that address on itself.
check_public_address() {
  local told own seen
  told=$(told_addresses 4 | head -n 1)
  seen=$seen4
  own=$(own_addresses 4)
  if [ -n "$told" ]; then
    if grep -qxF "$told" <<<"$own"; then
      ok "public address: PUBLIC_IP=$told is on an interface of this machine"
    elif [ "$told" = "$seen" ]; then
      ok "public address: PUBLIC_IP=$told is how the internet sees this machine, which is behind NAT"
    elif [ -n "$seen" ]; then
      warn "public address: PUBLIC_IP=$told, but the internet sees this machine as $seen. Unless $told leads in by another way, set PUBLIC_IP=$seen"
    elif [ -n "$own" ]; then
      warn "public address: PUBLIC_IP=$told is not on this machine, which has ${own//$'\n'/, }. Is it behind NAT?"
    else
      ok "public address: PUBLIC_IP=$told, behind NAT"
    fi
  elif [ -n "$(setting STUN_DETECT_SERVERS)" ]; then
    ok 'public address: stun asks STUN_DETECT_SERVERS'
  elif [ -n "$own" ]; then
    if [ -z "$seen" ] || grep -qxF "$seen" <<<"$own"; then
      ok "public address: ${own//$'\n'/, }, on an interface of this machine"
    else
      bad "public address: stun would hand out ${own%%$'\n'*}, but the internet sees this machine as $seen. Set PUBLIC_IP to the one that leads in"
    fi
  else
    bad "public address: this machine has private ones only (NAT, as on AWS or Google Cloud), so TURN would hand out what nobody can reach. Set PUBLIC_IP=${seen:-its public address}"
  fi
}

check_clock() {
  local off=${seconds_ahead#-} direction=ahead
  if [ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" = no ]; then
    warn 'clock: not synchronised. TLS and TURN credentials need the right time: timedatectl set-ntp true'
  fi
  [ -n "$seconds_ahead" ] || return 0
  [[ $seconds_ahead != -* ]] || direction=behind
  if [ "$off" -gt 300 ]; then
    bad "clock: $off seconds $direction. TLS and TURN credentials need the right time: timedatectl set-ntp true"
  elif [ "$off" -gt 30 ]; then
    warn "clock: $off seconds $direction. Is the time service running? timedatectl"
  else
    ok 'clock: right'
  fi
}
