# shellcheck shell=bash disable=SC2154 # root, proc and warnings come from common.sh and report.sh
# The machine below Docker: disk, and what the kernel allows.

# What stun asks for, so that a burst is not lost before it has read it.
UDP_BUFFER_BYTES=4194304

check_system() {
  local free
  free=$(df --output=avail -k "$root" | tail -n 1)
  if [ "$free" -lt 1048576 ]; then bad "disk: $((free / 1024)) MB left. At least 1 GB is needed"; else ok "disk: $((free / 1048576)) GB left"; fi
  check_memory
  check_docker_disk
  check_edge_subnet
  check_open_files
  check_connections
  check_udp_buffers
  check_firewall
}

# One processor, 1 GB of memory and 10 GB of disk are enough for some hundreds of clients. Compiling takes more than running.
check_memory() {
  local total swap
  total=$(($(awk '/^MemTotal:/ { print $2 }' "$proc/meminfo" 2>/dev/null || echo 0) / 1024))
  swap=$(($(awk '/^SwapTotal:/ { print $2 }' "$proc/meminfo" 2>/dev/null || echo 0) / 1024))
  [ "$total" -gt 0 ] || return 0
  if [ "$total" -lt 900 ]; then
    warn "memory: $total MB. With less than 1 GB the kernel may end a service"
  elif [ $((total + swap)) -lt 1800 ]; then
    warn "memory: $total MB, and building the images takes 840 MB. Add swap for that, or build elsewhere (docs/operating.md)"
  else
    ok "memory: $total MB"
  fi
}

# The inner network must be nobody else's.
check_edge_subnet() {
  local subnet project taken
  command -v ip >/dev/null || return 0
  subnet=$(setting EDGE_SUBNET 10.213.77.0/24)
  project=$(compose config 2>/dev/null | sed -n 's/^name: //p')
  ! docker network inspect "${project:-relay-swarm}_edge" >/dev/null 2>&1 || return 0
  taken=$({ ip -o -4 route show match "$(setting EDGE_GATEWAY 10.213.77.1)" && ip -o -4 route show root "$subnet"; } 2>/dev/null |
    grep -v '^default' | head -n 1)
  [ -z "$taken" ] ||
    bad "inner network: $subnet is in use here ($taken). Set EDGE_SUBNET and EDGE_GATEWAY to a private network that is not, for example EDGE_SUBNET=10.213.78.0/24 and EDGE_GATEWAY=10.213.78.1"
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
  # Of four that nginx counts for a client, two are in this table.
  wanted=$(($(setting NGINX_CONNECTIONS_MAX 60000) / 2))
  if [ "$used" -gt $((max * 4 / 5)) ]; then
    bad "connections: $used of $max that the kernel can follow are in use; when none is left it drops packets. $(raise net.netfilter.nf_conntrack_max 262144)"
  elif [ "$max" -lt "$wanted" ]; then
    warn "connections: the kernel follows $max, and NGINX_CONNECTIONS_MAX=$((wanted * 2)) needs $wanted. $(raise net.netfilter.nf_conntrack_max 262144)"
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
  warn "firewall: ufw does not cover ports that Docker publishes, but it does cover stun: it must let in $(setting STUN_PORT 3478)/udp, $(setting STUN_PORT 3478)/tcp, $(setting STUN_TLS_PORT 5349)/tcp, $(setting STUN_RELAY_PORT_MIN 61000):$(setting STUN_RELAY_PORT_MAX 65535)/udp, and everything from $(setting EDGE_SUBNET 10.213.77.0/24)"
}
