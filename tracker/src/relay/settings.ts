// The settings of the relay swarm; the tracker's own settings take them in.
import {
  decimal,
  flag,
  integer,
  list,
  path,
  port,
  readUrl,
  text,
  url,
  type Setting,
  type Settings,
} from '@relay-swarm/kit';
import { SERVICE_NAME, SERVICES_MAX, SWARM_CHARS_MAX } from '@relay-swarm/protocol';
import { HYSTERESIS } from './load.ts';

/** A URL that may be left out. */
const optionalUrl = (
  name: string,
  protocols: readonly string[],
  example: string,
): Setting<string | undefined> => url(name, { protocols, example, default: undefined });
const WEB = ['https:', 'http:'];

/** host:port, where the host is a name, an IPv4 address, or an IPv6 address in brackets. */
function readHostPort(item: string): { host: string; port: number } | undefined {
  const [, host = '', digits = ''] = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(item) ?? [];
  const number = Number(digits);
  return host !== '' && number >= 1 && number <= 65_535
    ? { host: host.replace(/^\[|\]$/g, ''), port: number }
    : undefined;
}

/** name=URL, for the descriptor's `services`. */
function readService(item: string): readonly [string, string] | undefined {
  const [, name = '', address = ''] = /^([^=]+)=(.+)$/.exec(item) ?? [];
  const value = readUrl(address, ['https:', 'http:', 'wss:', 'ws:']);
  return SERVICE_NAME.test(name) && value !== undefined ? [name, value] : undefined;
}

export const relaySettings = {
  swarm: text('RELAY_SWARM', { charsMax: SWARM_CHARS_MAX, default: 'relay-swarm/1' }),
  identityDir: path('IDENTITY_DIR', { default: './identity' }),

  // what the descriptor says, beside TRACKER_PUBLIC_URL
  peerjsUrl: optionalUrl('RELAY_PEERJS_URL', WEB, 'https://peerjs.example.org'),
  iceServersUrl: optionalUrl('RELAY_ICE_SERVERS_URL', WEB, 'https://tracker.example.org/ice-servers'),
  siteUrl: optionalUrl('RELAY_SITE_URL', WEB, 'https://tracker.example.org'),
  services: list('RELAY_SERVICES', {
    of: 'further services (name=URL, such as gun=https://gun.example.org/gun)',
    itemsMax: SERVICES_MAX,
    item: readService,
    default: [],
  }),

  // finding others
  bootstrap: list('RELAY_BOOTSTRAP', {
    of: 'https: URLs of relays',
    itemsMax: 64,
    item: (item) => readUrl(item, WEB),
    default: [],
  }),
  dhtEnabled: flag('TRACKER_DHT_ENABLED', { default: false }),
  dhtPort: port('TRACKER_DHT_PORT', { default: 6881 }),
  dhtBootstrap: list('TRACKER_DHT_BOOTSTRAP', {
    of: 'DHT nodes (host:port)',
    itemsMax: 16,
    item: readHostPort,
    default: [
      { host: 'router.bittorrent.com', port: 6881 },
      { host: 'router.utorrent.com', port: 6881 },
      { host: 'dht.transmissionbt.com', port: 6881 },
    ],
  }),
  /** The port on which /.well-known/relay-swarm answers over plain HTTP, as seen from outside; 0: the tracker's own. */
  announcedPort: integer('RELAY_ANNOUNCED_PORT', { min: 0, max: 65_535, default: 0 }),
  lookupSeconds: integer('RELAY_LOOKUP_SECONDS', { min: 5, max: 3_600, default: 300 }),
  /** Lets addresses of private networks and ws: in; for labs and tests. */
  allowPrivate: flag('RELAY_ALLOW_PRIVATE', { default: false }),

  // limits
  statusSeconds: integer('RELAY_STATUS_SECONDS', { min: 1, max: 60, default: 10 }),
  sessionsMax: integer('RELAY_SESSIONS_MAX', { min: 1, max: 512, default: 256 }),
  relaysPerAddressMax: integer('RELAY_PER_ADDRESS_MAX', { min: 1, max: 512, default: 4 }),
  candidatesMax: integer('RELAY_CANDIDATES_MAX', { min: 16, max: 10_000, default: 1_000 }),
  candidatesPerLookupMax: integer('RELAY_CANDIDATES_PER_LOOKUP_MAX', { min: 1, max: 1_000, default: 200 }),
  dialsMax: integer('RELAY_DIALS_MAX', { min: 2, max: 64, default: 16 }),
  retrySecondsMax: integer('RELAY_RETRY_SECONDS_MAX', { min: 1, max: 3_600, default: 300 }),

  // overload: load is from 0 to 1
  busyLoad: decimal('RELAY_BUSY_LOAD', { min: 0.1, max: 1, default: 0.75 }),
  fullLoad: decimal('RELAY_FULL_LOAD', { min: 0.1, max: 1, default: 0.95 }),
  eventLoopDelayFullMs: integer('RELAY_EVENT_LOOP_DELAY_FULL_MS', { min: 50, max: 10_000, default: 500 }),
} as const;

export type RelaySettings = Settings<typeof relaySettings>;

/** Rules between settings, each fault a sentence. */
export function checkRelaySettings(
  settings: RelaySettings & { readonly publicUrl: string | undefined },
): string[] {
  const faults: string[] = [];
  if (settings.busyLoad + HYSTERESIS > settings.fullLoad) {
    faults.push(`RELAY_BUSY_LOAD: must be at least ${HYSTERESIS} less than RELAY_FULL_LOAD`);
  }
  if (settings.dhtEnabled && !settings.allowPrivate && !(settings.publicUrl ?? '').startsWith('wss:')) {
    faults.push(
      'TRACKER_PUBLIC_URL: must be a wss: URL where TRACKER_DHT_ENABLED is true, since other relays refuse any other',
    );
  }
  return faults;
}
