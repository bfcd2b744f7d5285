# The nats-server that joins the nodes of a cluster: Debian's, in memory only.
FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends nats-server && rm -rf /var/lib/apt/lists/*
COPY --chmod=755 docker/nats.sh /usr/local/bin/relay-swarm-nats
USER 1000
CMD ["relay-swarm-nats"]
