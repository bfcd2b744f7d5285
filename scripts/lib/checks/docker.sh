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
  local service container status image
  # Those of further parts in COMPOSE_PROFILES, too.
  for service in $(compose config --services 2>/dev/null | sort); do
    container=$(compose ps --quiet "$service" 2>/dev/null)
    status=$(docker inspect --format '{{.State.Health.Status}}, {{.RestartCount}}' "$container" 2>/dev/null)
    case $status in
      'healthy, 0') ok "$service: healthy" ;;
      healthy*) warn "$service: healthy, but it was restarted ${status#*, } times. Look at: docker compose logs $service" ;;
      starting*) warn "$service: starting. Ask again in half a minute" ;;
      '') bad "$service: not running. Run: docker compose up --detach --wait" ;;
      *) bad "$service: ${status%,*}. Look at: docker compose logs $service" ;;
    esac
    [ -n "$status" ] || continue
    image=$(docker inspect --format '{{.Config.Image}}' "$container")
    if [ "$(docker inspect --format '{{.Image}}' "$container")" != "$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null)" ]; then
      warn "$service: a newer image is built and not yet up. Run: docker compose up --detach --wait"
    fi
  done
}
