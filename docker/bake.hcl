# The images for a registry, for both architectures, with where they come from (SBOM, provenance):
#   REGISTRY=ghcr.io/you VERSION=1.0.0 docker buildx bake --file docker/bake.hcl --push
# Only for this machine: docker compose build.
variable "REGISTRY" { default = "relay-swarm" }
variable "VERSION" { default = "local" }

group "default" { targets = ["service", "nginx", "nats", "certbot", "coturn"] }

target "image" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=sbom", "type=provenance,mode=max"]
}

target "service" {
  inherits   = ["image"]
  name       = service
  matrix     = { service = ["tracker", "peerjs", "stun", "gun", "seeder"] }
  dockerfile = "docker/node-service.Dockerfile"
  args       = { SERVICE = service == "seeder" ? "packages/seeder" : service }
  tags       = ["${REGISTRY}/${service}:${VERSION}"]
}

target "nginx" {
  inherits   = ["image"]
  dockerfile = "nginx/Dockerfile"
  tags       = ["${REGISTRY}/nginx:${VERSION}"]
}

target "nats" {
  inherits   = ["image"]
  dockerfile = "docker/nats.Dockerfile"
  tags       = ["${REGISTRY}/nats:${VERSION}"]
}

target "certbot" {
  inherits   = ["image"]
  dockerfile = "certbot/Dockerfile"
  tags       = ["${REGISTRY}/certbot:${VERSION}"]
}

target "coturn" {
  inherits   = ["image"]
  dockerfile = "stun/coturn/Dockerfile"
  tags       = ["${REGISTRY}/coturn:${VERSION}"]
}
