# shellcheck shell=bash
# Several nodes under one name (docs/cluster.md): the nats-server between them, who sees whom, and whether they are of one kind.

has_cluster() { [[ $(setting COMPOSE_FILE) == *docker-compose.cluster.yml* ]]; }

# page_of CONTAINER PORT PATH: what a page says that is answered inside the container alone.
page_of() {
  docker exec "$1" bash -c "exec 3<>/dev/tcp/127.0.0.1/$2 && printf 'GET $3 HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 && timeout 5 cat <&3" 2>/dev/null
}

# metric NAME: its value, of the page on standard input.
metric() { sed -n "s/^$1 \([0-9.]*\).*/\1/p" | head -n 1; }

check_cluster() {
  has_cluster || return 0
  local nats
  nats=$(compose ps --quiet --status running nats 2>/dev/null)
  if [ -z "$nats" ]; then
    bad 'cluster: the nats-server does not run, so each node goes on alone. Run: docker compose up --detach --wait; look at: docker compose logs nats'
    return
  fi
  check_nodes tracker 8000
  check_nodes peerjs 9000
  [[ $(setting COMPOSE_FILE) != *docker-compose.routes.yml* ]] || check_routes "$nats"
}

# check_nodes SERVICE PORT: all of its containers here, and what they see.
check_nodes() {
  local container page seen='' up here=0 relays='' releases=''
  for container in $(compose ps --quiet --status running "$1" "$1-node" 2>/dev/null); do
    page=$(page_of "$container" "$2" /metrics)
    up=$(metric "$1_cluster_up" <<<"$page")
    here=$((here + 1))
    case $up in
      1) ;;
      0)
        bad "cluster: $1 ${container:0:12} does not reach the nats-server and goes on alone. Look at: docker compose logs nats"
        return
        ;;
      *)
        bad "cluster: $1 ${container:0:12} is not part of it: its CLUSTER_URL is empty, or it has not started. Run: docker compose up --detach --wait"
        return
        ;;
    esac
    seen="$seen $(metric "$1_cluster_nodes" <<<"$page")"
    relays=$(metric "$1_cluster_relays" <<<"$page")
    releases=$(metric "$1_cluster_releases" <<<"$page")
  done
  [ "$here" -gt 0 ] || return 0 # check_containers has said so
  seen=$(tr ' ' '\n' <<<"$seen" | sed '/^$/d' | sort -nu | tr '\n' ' ')
  if [ "$(wc -w <<<"$seen")" != 1 ]; then
    bad "cluster: the nodes of $1 do not agree how many they are: they see ${seen% }. Ask again in some seconds; then look at: docker compose logs nats"
  elif [ "${seen% }" -lt "$here" ]; then
    bad "cluster: $here nodes of $1 run here and see only ${seen% }. Have all the same CLUSTER_URL and CLUSTER_TOKEN?"
  else
    ok "cluster: ${seen% } nodes of $1, $here of them on this machine"
  fi
  [ "${releases:-1}" = 1 ] ||
    warn "cluster: the nodes of $1 are of $releases builds. Bring all machines to the same version: scripts/update"
  [ "$1" = tracker ] || return 0
  case $relays in
    1) ok 'cluster: one tracker is the relay' ;;
    0) bad 'cluster: no tracker is the relay, so other relays do not see this one. Run the service tracker on the first machine' ;;
    *) bad "cluster: ${relays:-several} trackers are the relay. Only the first machine may run the service tracker: all others run tracker-node" ;;
  esac
}

# check_routes CONTAINER: the other machines' nats-servers. Each has several connections.
check_routes() {
  local others
  others=$(page_of "$1" 8222 /routez | grep -o '"remote_id": "[^"]*"' | sort -u | wc -l)
  if [ "$others" -gt 0 ]; then
    ok "cluster: routes to $others other machines"
  elif [ -n "$(setting CLUSTER_ROUTES)" ]; then
    bad "cluster: no route to $(setting CLUSTER_ROUTES). Is that port let in from $(setting PRIVATE_ADDRESS)? Look at: docker compose logs nats, on both machines"
  else
    warn 'cluster: no other machine has a route to this one yet. scripts/machines add prints what a further one needs'
  fi
}
