# shellcheck shell=bash
# Reaches into the bundle's volumes. Sourced after common.sh.

VOLUMES=(letsencrypt tls identity secret data)

# with_volumes ro|rw COMMAND…: runs the command with each volume at /volumes/<name>, as the user that owns their files, without network.
with_volumes() {
  local mode=$1 project volume mounts=()
  shift
  project=$(compose config 2>/dev/null | sed -n 's/^name: //p')
  for volume in "${VOLUMES[@]}"; do
    docker volume inspect "${project}_$volume" >/dev/null 2>&1 || fail 1 "There is no volume $volume of the bundle ${project:-relay-swarm}"
    mounts+=(--volume "${project}_$volume:/volumes/$volume:$mode")
  done
  docker run --rm --interactive --network none --read-only --cap-drop ALL --security-opt no-new-privileges:true \
    "${mounts[@]}" --entrypoint "$1" "relay-swarm/certbot:$(setting RELAY_SWARM_VERSION local)" "${@:2}"
}
