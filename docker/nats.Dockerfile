# The nats-server that joins the nodes of a cluster: Debian's, in memory only.
FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends nats-server && rm -rf /var/lib/apt/lists/*
USER 1000
# The token is hexadecimal, so no shell changes it. The monitoring port is for the health check, inside the container only.
CMD ["sh", "-c", "exec nats-server --addr 0.0.0.0 --port 4222 --http_port 8222 --auth \"$CLUSTER_TOKEN\""]
