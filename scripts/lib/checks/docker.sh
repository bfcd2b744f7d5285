# shellcheck shell=bash disable=SC2154 # root comes from common.sh
# Docker itself, and whether what runs is what was built.

check_docker() {
  local engine version
  command -v docker >/dev/null || { bad 'docker: not installed. Install Docker Engine: https://docs.docker.com/engine/install/' && return; }
  engine=$(docker version --format '{{.Server.Version}}' 2>/dev/null) ||
    { bad "docker: the daemon does not answer. Start it, or run this as a user of the group docker" && return; }
  engine=${engine%%[!0-9.]*}
  if at_least 20.10 "$engine"; then ok "docker: Engine $engine"; else bad "docker: Engine $engine is too old. Install 20.10 or newer"; fi
  version=$(docker compose version --short 2>/dev/null) || { bad 'docker compose: not installed. Install the package docker-compose-plugin' && return; }
  version=${version#v}
  version=${version%%[!0-9.]*}
  if at_least 2.24.4 "$version"; then ok "docker compose: $version"; else bad "docker compose: $version is too old. Install 2.24.4 or newer"; fi
}

check_compose_files() {
  local said
  if said=$(compose config --quiet 2>&1); then ok 'compose files: complete'; else bad "compose files: $said"; fi
}

check_containers() {
  local service containers container
  # Those of further parts in COMPOSE_PROFILES, too.
  for service in $(compose config --services 2>/dev/null | sort); do
    containers=$(compose ps --quiet "$service" 2>/dev/null)
    # Nodes of a cluster are several of one service. Without any the question is asked all the same, and has no answer.
    for container in ${containers:-none}; do check_container "$service" "$container"; done
  done
}

# check_container SERVICE CONTAINER
check_container() {
  local status image
  status=$(docker inspect --format '{{.State.Health.Status}}, {{.RestartCount}}' "$2" 2>/dev/null)
  case $status in
    'healthy, 0') ok "$1: healthy" ;;
    healthy*) warn "$1: healthy, but it was restarted ${status#*, } times. Look at: docker compose logs $1" ;;
    starting*) warn "$1: starting. Ask again in half a minute" ;;
    '') bad "$1: not running. Run: docker compose up --detach --wait" ;;
    *) bad "$1: ${status%,*}. Look at: docker compose logs $1" ;;
  esac
  [ -n "$status" ] || return 0
  image=$(docker inspect --format '{{.Config.Image}}' "$2")
  if [ "$(docker inspect --format '{{.Image}}' "$2")" != "$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null)" ]; then
    warn "$1: a newer image is built and not yet up. Run: docker compose up --detach --wait"
  fi
}

# Another folder's bundle of the same name would be replaced without a word.
check_project() {
  local project folder
  project=$(compose config 2>/dev/null | sed -n 's/^name: //p')
  folder=$(docker ps --all --filter "label=com.docker.compose.project=${project:-relay-swarm}" \
    --format '{{.Label "com.docker.compose.project.working_dir"}}' 2>/dev/null | sort -u | grep -vxF "$root" | head -n 1)
  [ -z "$folder" ] ||
    bad "project: the bundle in $folder has the name ${project:-relay-swarm} too, and would be replaced. Set COMPOSE_PROJECT_NAME in .env here, and other ports; or take that one down"
}

check_rootless() {
  docker info --format '{{.SecurityOptions}}' 2>/dev/null | grep -q rootless || return 0
  bad 'docker: runs without root, where stun cannot have the addresses of this machine, nor nginx ports 80 and 443. Run Docker as root'
}

# Where Docker keeps images, and what building them takes.
check_docker_disk() {
  local folder free built
  folder=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null)
  [ -d "$folder" ] || return 0
  free=$(($(df --output=avail -k "$folder" | tail -n 1) / 1024))
  built=$(docker images --quiet --filter 'reference=relay-swarm/*' 2>/dev/null | head -n 1)
  if [ -z "$built" ] && [ "$free" -lt 4096 ]; then
    bad "disk: $free MB left in $folder, and building the images takes 4 GB. Make room, or build elsewhere (docs/operating.md)"
  elif [ "$free" -lt 2048 ]; then
    warn "disk: $free MB left in $folder. An update takes 2 GB: docker system prune"
  else
    ok "disk: $((free / 1024)) GB left for Docker"
  fi
}
