# The bundle for `docker stack deploy`, which reads an older form of compose files: docs/swarm.md.
#   (umask 077; docker compose -f docker-compose.yml -f docker-compose.cluster.yml config --format json | jq --from-file docker/stack.jq >stack.json)
del(.name)
# Thousands of relayed ports are nothing for Swarm's proxy: TURN runs by plain compose.
| del(.services.stun)
| .services |= map_values(
    # What a stack does not know.
    del(.depends_on, .build, .restart, .profiles)
    | with_entries(select(.value != null))
    | if .deploy.resources.limits.cpus then .deploy.resources.limits.cpus |= tostring else . end
    # A stack ignores tmpfs, and without it a read-only container has nowhere to write.
    | if .tmpfs then
        .volumes = (.volumes // []) + [.tmpfs[] | {type: "tmpfs", target: split(":")[0], tmpfs: {size: 16777216}}]
        | del(.tmpfs)
      else . end
    # With Swarm's own proxy before it, nginx would see one address for all clients.
    | if .ports then .ports |= (map(del(.host_ip) | .published |= tonumber | .mode = "host") | unique) else . end
    # As in compose, a name has the addresses of all its containers, among which nginx chooses.
    | .deploy.endpoint_mode = "dnsrr"
    # Who shares a volume stays on the machine that has it.
    | if any(.volumes[]?; .type == "volume") then .deploy.placement.constraints = ["node.labels.relay-swarm == first"] else . end
  )
