# Let's Encrypt's small authority for tests, and the DNS that it asks. Debian's package of trixie is the first that says when to renew (ARI).
FROM debian:trixie-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends pebble \
 && rm -rf /var/lib/apt/lists/*
