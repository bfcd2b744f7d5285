# Grafana with our dashboard. The context is the repository's root.
FROM grafana/grafana:12.1.0
COPY --chmod=644 metrics/grafana/datasource.yml /etc/grafana/provisioning/datasources/relay-swarm.yml
COPY --chmod=644 metrics/grafana/dashboards.yml /etc/grafana/provisioning/dashboards/relay-swarm.yml
COPY --chmod=644 metrics/grafana/dashboard.json /etc/grafana/dashboards/relay-swarm.json
USER 472:0
