# shellcheck shell=bash disable=SC2154 # root, proc and warnings come from common.sh and report.sh
# The machine below Docker: disk, and what the kernel allows.

# What stun asks for, so that a burst is not lost before it has read it.
UDP_BUFFER_BYTES=4194304

check_system() {
  local free
  free=$(df --output=avail -k "$root" | tail -n 1)
  if [ "$free" -lt 1048576 ]; then bad "disk: $((free / 1024)) MB left. At least 1 GB is needed"; else ok "disk: $((free / 1048576)) GB left"; fi
  check_open_files
  check_connections
  check_udp_buffers
  check_firewall
}

# The daemon's own limit is the most that it may give to a container.
check_open_files() {
  local daemon files wanted
  wanted=$(setting FILES_MAX 65536)
  daemon=$(grep -lx dockerd "$proc"/[0-9]*/comm 2>/dev/null | head -n 1)
  files=$(awk '/^Max open files/ { print $5 }' "${daemon%comm}limits" 2>/dev/null)
  [ -n "$files" ] || return 0
  if [ "$files" != unlimited ] && [ "$files" -lt "$wanted" ]; then
    bad "open files: Docker may give $files to a container, FILES_MAX is $wanted. Raise Docker's limit, or set FILES_MAX=$files"
  else
    ok "open files: $wanted for each container"
  fi
}

# Each client's connection is an entry in the kernel's table, and nginx's to the tracker is another.
check_connections() {
  local folder=$proc/sys/net/netfilter max used wanted
  [ -r "$folder/nf_conntrack_max" ] || return 0
  max=$(<"$folder/nf_conntrack_max")
  used=$(<"$folder/nf_conntrack_count")
  wanted=$((2 * $(setting NGINX_CONNECTIONS_MAX 30000)))
  if [ "$used" -gt $((max * 4 / 5)) ]; then
    bad "connections: $used of $max that the kernel can follow are in use; when none is left it drops packets. $(raise net.netfilter.nf_conntrack_max 262144)"
  elif [ "$max" -lt "$wanted" ]; then
    warn "connections: the kernel follows $max, and NGINX_CONNECTIONS_MAX=$((wanted / 2)) needs $wanted. $(raise net.netfilter.nf_conntrack_max 262144)"
  else
    ok "connections: the kernel follows $max"
  fi
}

check_udp_buffers() {
  local name value before=$warnings
  for name in rmem_max wmem_max; do
    value=$(cat "$proc/sys/net/core/$name" 2>/dev/null) || continue
    [ "$value" -ge $UDP_BUFFER_BYTES ] ||
      warn "UDP: net.core.$name is $value, so TURN loses packets when many come at once. $(raise net.core.$name $UDP_BUFFER_BYTES)"
  done
  [ "$warnings" -gt "$before" ] || ok 'UDP: buffers as large as stun wants them'
}

# raise NAME VALUE: how to, for now and after each start.
raise() { printf "Run: echo '%s = %s' | sudo tee -a /etc/sysctl.d/90-relay-swarm.conf && sudo sysctl --system" "$1" "$2"; }

check_firewall() {
  command -v ufw >/dev/null && ufw status 2>/dev/null | grep -q '^Status: active' || return 0
  warn "firewall: ufw does not cover ports that Docker publishes, but it does cover stun: it must let in $(setting STUN_PORT 3478)/udp, $(setting STUN_PORT 3478)/tcp, $(setting STUN_TLS_PORT 5349)/tcp, $(setting STUN_RELAY_PORT_MIN 49152):$(setting STUN_RELAY_PORT_MAX 65535)/udp, and everything from $(setting EDGE_SUBNET 172.31.254.0/24)"
}
