// The settings that no service reads by itself: of docker compose, nginx, certbot and the scripts. What the services read stands in
// their own settings.ts. `npm run generate` writes .env.example and docs/settings.md from both.

/**
 * The rule says what a good value looks like: as the program that checks it says it, or as Docker takes it where nothing of ours looks.
 * @typedef {{ name: string, default: string, rule: string, help: string }} BundleSetting
 */

/** @type {(name: string, value: string, rule: string, help: string) => BundleSetting} */
const one = (name, value, rule, help) => ({ name, default: value, rule, help });

const PORT = 'a whole number from 1 to 65535';
const RELAY_PORT = 'a whole number from 1024 to 65535';
const CPUS = 'a number of processors above 0, such as 0.5 or 2';
const MEMORY = 'bytes with the unit K, M or G, such as 512M; at least 6M';
/** As nginx/render.sh says it; test/house/settings.test.ts compares them. */
const NGINX_NUMBER = 'a whole number from 1 to 9999999';

export const bundle = [
  one('HTTP_PORT', '5001', PORT, 'Port of the bundle on this machine: http://localhost:5001'),
  one(
    'LAN_ADDRESS',
    '',
    'an IPv4 address, or empty',
    "This machine's address in your network, to try the bundle with a phone; empty is this machine only (docs/phone.md)",
  ),
  one(
    'COMPOSE_PROJECT_NAME',
    'relay-swarm',
    'small letters, digits, - and _, a letter or digit first',
    'Under which name Docker keeps this bundle: two clones on one machine need two',
  ),
  one(
    'COMPOSE_PROFILES',
    '',
    'names separated by commas, of gun, seeder, coturn and metrics, or empty',
    'Further parts to run, separated by commas: gun, seeder, coturn, and on a server metrics',
  ),
  one(
    'HEALTH_INTERVAL',
    '30s',
    'a duration of Docker, such as 30s or 1m',
    'How often Docker asks each container whether it is well; each question costs about 0.1 s of processor time',
  ),
  one(
    'FILES_MAX',
    '16384',
    'a whole number that the kernel allows (fs.nr_open)',
    'Open files that each container may have; every connection is one, and two in nginx',
  ),
  one(
    'RELAY_SWARM_VERSION',
    'local',
    'a tag of Docker: at most 128 letters, digits, _, . and -',
    "The images' tag",
  ),
];

export const server = [
  one(
    'DOMAIN',
    '',
    'a domain in small letters of at most 246 characters, without https:// and path; not example.org',
    'The domain: its names tracker., peerjs. and turn. lead to this server',
  ),
  one(
    'COMPOSE_FILE',
    '',
    'files of this folder separated by colons',
    'Which compose files `docker compose` takes: docker-compose.yml:docker-compose.deploy.yml',
  ),
  one(
    'CERT_EMAIL',
    '',
    'an e-mail address, or empty',
    'Address that the certificate authority may write to; may be empty',
  ),
  one(
    'CERT_STAGING',
    'false',
    'true or false',
    'Certificates of the staging authority, for trying things out; false replaces them with real ones by itself',
  ),
  one(
    'CERT_PROFILE',
    '',
    'a profile that the authority has, or empty',
    'Certificate profile: classic, tlsserver or shortlived',
  ),
  one(
    'ACME_SERVER',
    '',
    'the https: URL of an ACME directory, or empty',
    "Another authority than Let's Encrypt",
  ),
  one(
    'ACME_STAGING_SERVER',
    '',
    'the https: URL of an ACME directory, or empty',
    "Another authority than Let's Encrypt's staging",
  ),
  one(
    'RENEW_PING_URL',
    '',
    'a URL, or empty',
    'Called after each renewal run, with /fail added when it failed (for example a healthchecks.io check)',
  ),
  one(
    'PUBLIC_IP_SOURCES',
    'https://icanhazip.com,https://api64.ipify.org',
    'https: URLs separated by commas, or none',
    'Whom scripts/doctor asks how the internet sees this server, or none',
  ),
  one(
    'TURNS_443',
    '',
    'on or empty',
    'TURN over TLS on port 443 beside HTTPS, for networks that let nothing else out: on or empty',
  ),
  one(
    'EDGE_SUBNET',
    '10.213.77.0/24',
    'an IPv4 network that no other route of this server leads to',
    "The inner network, where stun (on the host's network) is reached at the gateway",
  ),
  one('EDGE_GATEWAY', '10.213.77.1', 'an IPv4 address of EDGE_SUBNET', "This server's own address in it"),
];

export const machines = [
  one(
    'PRIVATE_ADDRESS',
    '',
    'an IPv4 address of this machine',
    "This machine's address in the private network between the machines",
  ),
  one('FIRST_ADDRESS', '', 'an IPv4 address', "On a further machine: the first one's private address"),
  one(
    'FRONT_ADDRESSES',
    '',
    'IPv4 addresses separated by commas',
    'On the first machine: the private addresses of the others, separated by commas; their nginx is believed who its clients are',
  ),
  one(
    'CLUSTER_ROUTES',
    '',
    'HOST:PORT separated by commas, or empty',
    "On a further machine: where the first one's nats-server is, 10.0.0.1:6222",
  ),
  one(
    'CLUSTER_PASSWORD',
    '',
    'letters, digits and .:,_-',
    "What the machines' nats-servers show to each other",
  ),
  one(
    'CLUSTER_ROUTE_TLS',
    '',
    'base64 of three PEM blocks, as scripts/machines writes it',
    'The authority of their routes, the certificate of this machine, and its key, in one line',
  ),
];

export const limits = [
  one('NGINX_CPUS_MAX', '1', CPUS, 'Processors for nginx; never more than there are (scripts/setup looks)'),
  one('NGINX_MEMORY_MAX', '1536M', MEMORY, 'Memory for nginx: about 60 kB for each WebSocket'),
  one('TRACKER_MEMORY_MAX', '1536M', MEMORY, 'Memory for the tracker: about 20 kB for each WebSocket'),
  one('PEERJS_MEMORY_MAX', '512M', MEMORY, 'Memory for PeerJS signaling'),
  one(
    'STUN_CPUS_MAX',
    '1',
    CPUS,
    'Processors for STUN and TURN: as many as STUN_WORKERS; never more than there are',
  ),
  one('STUN_MEMORY_MAX', '512M', MEMORY, 'Memory for STUN and TURN'),
];

export const nginx = [
  one(
    'NGINX_CONNECTIONS_MAX',
    '8000',
    NGINX_NUMBER,
    'Connections of each of its processes; a proxied WebSocket counts twice, on a server four times',
  ),
  one(
    'NGINX_CONNECTIONS_PER_ADDRESS_MAX',
    '10000',
    NGINX_NUMBER,
    'Connections of one address; of IPv6, of one network of 64 bits',
  ),
  one(
    'NGINX_REQUESTS_PER_SECOND_MAX',
    '1000',
    NGINX_NUMBER,
    'Requests and new WebSockets of one address in each second',
  ),
  one(
    'NGINX_REQUESTS_BURST',
    '10000',
    NGINX_NUMBER,
    'Requests and new WebSockets of one address that may wait for their turn; a tenth of them is answered at once',
  ),
  one(
    'NGINX_LOG_ADDRESSES',
    'short',
    'short, full or none',
    "Clients' addresses in its log: short (the network alone), full, or none",
  ),
  one(
    'NGINX_TRUSTED_PROXIES',
    '',
    'addresses or networks separated by commas, or empty',
    'Behind another proxy: whom to believe who the client is. Addresses and networks separated by commas, or private (docs/behind-a-proxy.md)',
  ),
  one(
    'NGINX_CLIENT_HEADER',
    'X-Forwarded-For',
    'the name of a header',
    'The header in which it says so; of Cloudflare CF-Connecting-IP',
  ),
];

export const coturn = [
  one('COTURN_PORT', '3479', PORT, 'Its UDP and TCP port'),
  one('COTURN_TLS_PORT', '5350', PORT, 'Its port for TURN over TLS'),
  one('COTURN_RELAY_PORT_MIN', '61180', RELAY_PORT, 'First port of its relayed addresses'),
  one('COTURN_RELAY_PORT_MAX', '61199', RELAY_PORT, 'Last port of its relayed addresses'),
];

export const gun = [
  one(
    'GUN_NAME',
    '',
    'a host name, or empty',
    'On a server: its name, which leads to this server and is put into the certificate, for example gun.example.org',
  ),
];

export const seeder = [
  one(
    'SEEDER_MEDIA',
    '',
    'a folder: a path that begins with ./ or /, or empty',
    'Folder of this machine whose files are seeded, and served below /media/, for example ./media; empty: a volume, filled by `docker compose cp FILE seeder:/media/`',
  ),
  one('SEEDER_MEMORY_MAX', '1G', MEMORY, 'Memory of its container'),
];
