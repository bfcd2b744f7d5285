// Every setting of this service: its name, bounds, default and what it is for. Long because there are many, each on lines of its own.
import {
  address,
  choice,
  dataDirSetting,
  flag,
  integer,
  list,
  optional,
  path,
  port,
  secret,
  text,
  type Setting,
  type Settings,
} from '@relay-swarm/kit';
import {
  addressesSetting,
  budgetSetting,
  publicIpFaults,
  publicIpSetting,
  trustedProxies,
} from '@relay-swarm/net';
import { isNetwork } from '@relay-swarm/net/special-networks';
import { SECRET_CHARS_MIN } from './auth/secrets.ts';
import type { Endpoint } from './engine.ts';
import { isHostName, readIceUrl } from './ice-servers/ice-urls.ts';
import { origins } from '@relay-swarm/net/origins';

export const settings = {
  engine: choice(
    'STUN_ENGINE',
    { of: ['native', 'node-turn'], default: 'native' },
    'native is our own server; node-turn is the library of that name',
  ),
  dataDir: dataDirSetting,

  workers: integer(
    'STUN_WORKERS',
    { min: 1, max: 64, default: 1 },
    'Processes that share the ports of STUN and TURN, for machines with several processors; more than one needs Linux and Node.js 23.1, as in the containers',
  ),

  // Where it listens, and what the world is told
  listenAddresses: addressesSetting(
    'STUN_LISTEN_ADDRESSES',
    { itemsMax: 16 },
    'Addresses to listen on; empty is all',
  ),
  port: port('STUN_PORT', { default: 3478 }, 'UDP and TCP port of STUN and TURN'),
  tlsPort: port('STUN_TLS_PORT', { default: 5349 }, 'TCP port of TURN over TLS'),
  tlsCertFile: optional(
    path('STUN_TLS_CERT_FILE', {}, 'Certificate for TURN over TLS; without it there is none'),
  ),
  tlsKeyFile: optional(path('STUN_TLS_KEY_FILE', {}, 'Its key')),
  httpHost: address(
    'STUN_HTTP_HOST',
    { default: '127.0.0.1' },
    'Address on which /ice-servers, /healthz and /metrics listen without Docker',
  ),
  httpPort: port('STUN_HTTP_PORT', { default: 8478 }, 'TCP port of these'),
  relayPortMin: integer(
    'STUN_RELAY_PORT_MIN',
    { min: 1024, max: 65_535, default: 61_000 },
    'First port of relayed addresses; in the bundle on a laptop 61160',
  ),
  relayPortMax: integer(
    'STUN_RELAY_PORT_MAX',
    { min: 1024, max: 65_535, default: 65_535 },
    'Last port of relayed addresses; in the bundle on a laptop 61179',
  ),
  publicAddresses: publicIpSetting,
  detectServers: stunServers(
    'STUN_DETECT_SERVERS',
    { itemsMax: 4 },
    'STUN servers that say how the internet sees this machine',
  ),
  publicHosts: list(
    'STUN_PUBLIC_HOST',
    {
      of: 'names or addresses',
      itemsMax: 4,
      default: [],
      item: readHost,
    },
    'Names or addresses under which browsers are told to reach it',
  ),
  urls: list(
    'STUN_URLS',
    { of: 'stun:, turn: or turns: URLs', itemsMax: 16, default: [], item: readIceUrl },
    'The complete URLs for browsers, instead of those made from names and ports',
  ),
  proxyProtocolFrom: networks(
    'STUN_PROXY_PROTOCOL_FROM',
    "Proxies that say the client's address by PROXY protocol",
  ),

  // Credentials
  realm: text('STUN_REALM', { charsMax: 127, default: 'relay-swarm' }, 'Realm of the credentials'),
  secret: optional(
    secret(
      'STUN_SECRET',
      { charsMin: SECRET_CHARS_MIN },
      'Secret behind the short-lived credentials, in hex; without it one is generated and kept in STUN_SECRET_DIR',
    ),
  ),
  secretFile: optional(path('STUN_SECRET_FILE', {}, 'The same in a file')),
  secretPrevious: optional(
    secret(
      'STUN_SECRET_PREVIOUS',
      { charsMin: SECRET_CHARS_MIN },
      'The secret before, which stays good for credentials that are in use',
    ),
  ),
  secretPreviousFile: optional(path('STUN_SECRET_PREVIOUS_FILE', {}, 'The same in a file')),
  secretDir: path(
    'STUN_SECRET_DIR',
    { default: './data/stun-secret' },
    'Folder of the generated secret, without Docker',
  ),
  secretGenerate: flag('STUN_SECRET_GENERATE', { default: true }, 'Whether a secret may be generated'),
  credentialTtlSeconds: integer(
    'STUN_CREDENTIAL_TTL_SECONDS',
    { min: 60, max: 86_400, default: 3_600 },
    'How long credentials are good for',
  ),
  origins: origins('STUN_ORIGINS'),
  trustedProxies: trustedProxies('STUN_TRUSTED_PROXIES', { default: [] }),
  iceServersPerMinuteMax: limit(
    'STUN_ICE_SERVERS_PER_MINUTE_MAX',
    { max: 100_000, default: 60 },
    'Credentials for one address in each minute',
  ),

  // Peers: only the public internet, with these exceptions
  allowedPeers: networks(
    'STUN_ALLOWED_PEERS',
    'Peers outside the public internet that may be reached all the same',
  ),
  deniedPeers: networks('STUN_DENIED_PEERS', 'Peers that may not be reached'),

  // Limits; bytes a second of 0 are no limit
  allocationsMax: limit('STUN_ALLOCATIONS_MAX', { max: 60_000, default: 4_000 }, 'Allocations in all'),
  // A page of trystero keeps 20 offers ready, each with an allocation for each of three URLs, and makes new ones all the time.
  allocationsPerUserMax: limit(
    'STUN_ALLOCATIONS_PER_USER_MAX',
    { max: 60_000, default: 200 },
    'Allocations of one user name',
  ),
  allocationsPerAddressMax: limit(
    'STUN_ALLOCATIONS_PER_ADDRESS_MAX',
    { max: 60_000, default: 400 },
    'Allocations of one address',
  ),
  permissionsPerAllocationMax: limit(
    'STUN_PERMISSIONS_PER_ALLOCATION_MAX',
    { max: 10_000, default: 100 },
    'Peers that one allocation may reach',
  ),
  channelsPerAllocationMax: limit(
    'STUN_CHANNELS_PER_ALLOCATION_MAX',
    { max: 4_096, default: 100 },
    'Channels of one allocation',
  ),
  bytesPerSecondPerAllocationMax: bytes(
    'STUN_BYTES_PER_SECOND_PER_ALLOCATION_MAX',
    { default: 1_000_000 },
    'What one allocation relays in each second; 0 is no limit',
  ),
  bytesPerSecondPerUserMax: bytes(
    'STUN_BYTES_PER_SECOND_PER_USER_MAX',
    { default: 4_000_000 },
    'What one user name relays in each second; 0 is no limit',
  ),
  bytesPerSecondMax: bytes(
    'STUN_BYTES_PER_SECOND_MAX',
    { default: 0 },
    'What is relayed in each second in all; 0 is no limit',
  ),
  connectionsMax: limit(
    'STUN_CONNECTIONS_MAX',
    { max: 100_000, default: 2_000 },
    'TCP and TLS connections in all',
  ),
  connectionsPerAddressMax: limit(
    'STUN_CONNECTIONS_PER_ADDRESS_MAX',
    { max: 100_000, default: 200 },
    'TCP and TLS connections of one address',
  ),
  unauthenticatedPerSecondMax: limit(
    'STUN_UNAUTHENTICATED_PER_SECOND_MAX',
    { max: 100_000, default: 100 },
    'Requests without credentials that one address is answered in each second',
  ),
  controlPerSecondPerAllocationMax: limit(
    'STUN_CONTROL_PER_SECOND_PER_ALLOCATION_MAX',
    { min: 10, max: 100_000, default: 100 },
    'Requests with credentials in each second for one allocation; each peer that one names counts as one more',
  ),
  controlPerSecondPerUserMax: limit(
    'STUN_CONTROL_PER_SECOND_PER_USER_MAX',
    { min: 10, max: 100_000, default: 400 },
    'The same for all allocations of one user name',
  ),
  controlPerSecondPerAddressMax: limit(
    'STUN_CONTROL_PER_SECOND_PER_ADDRESS_MAX',
    { min: 10, max: 1_000_000, default: 2_000 },
    'The same for one address, whatever its users are called',
  ),
  sendBufferBytesMax: limit(
    'STUN_SEND_BUFFER_BYTES_MAX',
    { min: 65_536, max: 2 ** 26, default: 2 ** 20 },
    'What may wait for one slow reader before its connection is closed',
  ),
  budgetBytesMax: budgetSetting('STUN_BUDGET_BYTES_MAX'),

  // Times
  allocationSecondsMax: integer(
    'STUN_ALLOCATION_SECONDS_MAX',
    { min: 600, max: 86_400, default: 3_600 },
    'Longest lifetime of an allocation that is not refreshed',
  ),
  nonceSeconds: integer(
    'STUN_NONCE_SECONDS',
    { min: 60, max: 86_400, default: 600 },
    'How long a nonce is good for',
  ),
  expiredGraceSeconds: integer(
    'STUN_EXPIRED_GRACE_SECONDS',
    { min: 0, max: 604_800, default: 7_200 },
    'How long an expired credential may go on refreshing the allocations it has made, so that a call is not cut',
  ),
  idleConnectionSecondsMax: integer(
    'STUN_IDLE_CONNECTION_SECONDS_MAX',
    { min: 5, max: 3_600, default: 30 },
    'How long a TCP or TLS connection without an allocation stays open',
  ),
  healthSeconds: integer(
    'STUN_HEALTH_SECONDS',
    { min: 1, max: 60, default: 5 },
    'How often its health snapshot is written to the shared volume',
  ),
} as const;

export type StunSettings = Settings<typeof settings>;

/** Rules between settings. */
export function checkSettings(found: StunSettings): string[] {
  const faults: string[] = [];
  const ports = found.relayPortMax - found.relayPortMin + 1;
  if (ports < 1) {
    faults.push(
      `STUN_RELAY_PORT_MIN=${found.relayPortMin} is above STUN_RELAY_PORT_MAX=${found.relayPortMax}: it must be at most that`,
    );
  }
  for (const [name, value] of [
    ['STUN_PORT', found.port],
    ['STUN_TLS_PORT', found.tlsPort],
    ['STUN_HTTP_PORT', found.httpPort],
  ] as const) {
    if (value >= found.relayPortMin && value <= found.relayPortMax) {
      faults.push(
        `${name}=${value} lies within the relayed ports ${found.relayPortMin} to ${found.relayPortMax}: it must lie outside`,
      );
    }
  }
  if (found.workers > 1 && found.engine === 'node-turn') {
    faults.push(
      `STUN_WORKERS=${found.workers} with STUN_ENGINE=node-turn: it must be 1, or the engine native`,
    );
  }
  if (ports >= 1 && found.workers > ports) {
    faults.push(
      `STUN_WORKERS=${found.workers} is more than the ${ports} relayed ports from STUN_RELAY_PORT_MIN to STUN_RELAY_PORT_MAX: it must be at most that`,
    );
  }
  if (new Set([found.port, found.tlsPort, found.httpPort]).size < 3) {
    faults.push('STUN_PORT, STUN_TLS_PORT and STUN_HTTP_PORT must be three different ports');
  }
  if ((found.tlsCertFile === undefined) !== (found.tlsKeyFile === undefined)) {
    faults.push('STUN_TLS_CERT_FILE and STUN_TLS_KEY_FILE must be set together, or neither');
  }
  if (found.engine === 'node-turn' && found.tlsCertFile !== undefined) {
    faults.push(
      'STUN_TLS_CERT_FILE is set, and STUN_ENGINE=node-turn has no TLS: it must be unset, or the engine native',
    );
  }
  for (const name of ['secret', 'secretPrevious'] as const) {
    if (found[name] !== undefined && found[`${name}File`] !== undefined) {
      faults.push(
        `${settings[name].name} and ${settings[`${name}File`].name} are both set: one of them must be unset`,
      );
    }
  }
  faults.push(...publicIpFaults(found.publicAddresses));
  return faults;
}

function networks(name: string, help: string): Setting<readonly string[]> {
  return list(
    name,
    {
      of: 'addresses or networks (10.1.2.3, 10.0.0.0/8)',
      itemsMax: 64,
      default: [],
      item: readNetwork,
    },
    help,
  );
}

function limit(
  name: string,
  rule: { min?: number; max: number; default: number },
  help: string,
): Setting<number> {
  return integer(name, { min: 1, ...rule }, help);
}

function bytes(name: string, rule: { default: number }, help: string): Setting<number> {
  return integer(name, { min: 0, max: 100_000_000_000, ...rule }, help);
}

function stunServers(
  name: string,
  { itemsMax }: { itemsMax: number },
  help: string,
): Setting<readonly Endpoint[]> {
  return list(
    name,
    {
      of: 'STUN servers (stun.example.org:3478)',
      itemsMax,
      default: [],
      item: readEndpoint,
    },
    help,
  );
}

function readHost(value: string): string | undefined {
  return isHostName(value) ? value : undefined;
}

function readNetwork(value: string): string | undefined {
  return isNetwork(value) ? value : undefined;
}

function readEndpoint(value: string): Endpoint | undefined {
  const url = readIceUrl(`stun:${value}`);
  const [, bracketed, name, digits] = /^stun:(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(url ?? '') ?? [];
  const host = bracketed ?? name;
  return host === undefined ? undefined : { host, port: Number(digits ?? 3478) };
}
