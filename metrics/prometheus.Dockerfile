# Prometheus with our targets and alerts: in the image, so that their modes do not depend on the clone's. The context is the repository's root.
FROM prom/prometheus:v3.5.0
COPY --chmod=644 metrics/prometheus.yml metrics/alerts.yml /etc/prometheus/
USER 65534:65534
