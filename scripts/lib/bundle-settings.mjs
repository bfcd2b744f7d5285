// The settings that no service reads by itself: of docker compose, nginx, certbot and the scripts. What the services read stands in
// their own settings.ts. `npm run generate` writes .env.example and docs/settings.md from both.

/** @typedef {{ name: string, default: string, help: string }} BundleSetting */

/** @type {(name: string, value: string, help: string) => BundleSetting} */
const one = (name, value, help) => ({ name, default: value, help });

export const bundle = [
  one('HTTP_PORT', '5001', 'Port of the bundle on this machine: http://localhost:5001'),
  one(
    'COMPOSE_PROFILES',
    '',
    'Further parts to run, separated by commas: gun, coturn, and on a server metrics',
  ),
  one(
    'HEALTH_INTERVAL',
    '30s',
    'How often Docker asks each container whether it is well; each question costs about 0.1 s of processor time',
  ),
  one(
    'FILES_MAX',
    '16384',
    'Open files that each container may have; every connection is one, and two in nginx',
  ),
  one('RELAY_SWARM_VERSION', 'local', "The images' tag"),
];

export const server = [
  one('DOMAIN', '', 'The domain: its names tracker., peerjs. and turn. lead to this server'),
  one(
    'COMPOSE_FILE',
    '',
    'Which compose files `docker compose` takes: docker-compose.yml:docker-compose.deploy.yml',
  ),
  one('CERT_EMAIL', '', 'Address that the certificate authority may write to; may be empty'),
  one(
    'CERT_STAGING',
    'false',
    'Certificates of the staging authority, for trying things out; false replaces them with real ones by itself',
  ),
  one('CERT_PROFILE', '', 'Certificate profile: classic, tlsserver or shortlived'),
  one('ACME_SERVER', '', "Another authority than Let's Encrypt"),
  one('ACME_STAGING_SERVER', '', "Another authority than Let's Encrypt's staging"),
  one(
    'RENEW_PING_URL',
    '',
    'Called after each renewal run, with /fail added when it failed (for example a healthchecks.io check)',
  ),
  one(
    'PUBLIC_IP_SOURCES',
    'https://icanhazip.com,https://api64.ipify.org',
    'Whom scripts/doctor asks how the internet sees this server, or none',
  ),
  one(
    'TURNS_443',
    '',
    'TURN over TLS on port 443 beside HTTPS, for networks that let nothing else out: on or empty',
  ),
  one(
    'EDGE_SUBNET',
    '172.31.254.0/24',
    "The inner network, where stun (on the host's network) is reached at the gateway",
  ),
  one('EDGE_GATEWAY', '172.31.254.1', "This server's own address in it"),
];

export const nginx = [
  one('NGINX_CONNECTIONS_MAX', '8000', 'Connections in all; a proxied WebSocket counts twice'),
  one('NGINX_CONNECTIONS_PER_ADDRESS_MAX', '10000', 'Connections of one address'),
  one(
    'NGINX_REQUESTS_PER_SECOND_MAX',
    '1000',
    "Requests and new WebSockets of one address; ten seconds' worth may come at once",
  ),
];

export const coturn = [
  one('COTURN_PORT', '3479', 'Its UDP and TCP port'),
  one('COTURN_TLS_PORT', '5350', 'Its port for TURN over TLS'),
  one('COTURN_RELAY_PORT_MIN', '49180', 'First port of its relayed addresses'),
  one('COTURN_RELAY_PORT_MAX', '49199', 'Last port of its relayed addresses'),
];

export const gun = [
  one(
    'GUN_NAME',
    '',
    'On a server: its name, which leads to this server and is put into the certificate, for example gun.example.org',
  ),
];
