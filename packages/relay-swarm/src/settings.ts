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
import { publicIpFaults, publicIpSetting } from '@relay-swarm/net';
import { SERVICE_NAME, SERVICES_MAX, SWARM_CHARS_MAX } from '@relay-swarm/protocol';
import { HYSTERESIS } from './health/load.ts';

/** A URL that may be left out. */
const optionalUrl = (
  name: string,
  protocols: readonly string[],
  example: string,
  help: string,
): Setting<string | undefined> => url(name, { protocols, example, default: undefined }, help);
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
  swarm: text(
    'RELAY_SWARM',
    { charsMax: SWARM_CHARS_MAX, default: 'relay-swarm/1' },
    "The swarm's name; relays of one name meet",
  ),
  identityDir: path(
    'IDENTITY_DIR',
    { default: './identity' },
    "Folder of this relay's private key, without Docker",
  ),

  publicAddresses: publicIpSetting,

  // what the descriptor says, beside TRACKER_PUBLIC_URL
  peerjsUrl: optionalUrl(
    'RELAY_PEERJS_URL',
    WEB,
    'https://peerjs.example.org',
    'What this relay tells of itself: its PeerJS server',
  ),
  iceServersUrl: optionalUrl(
    'RELAY_ICE_SERVERS_URL',
    WEB,
    'https://tracker.example.org/ice-servers',
    'Its /ice-servers',
  ),
  siteUrl: optionalUrl('RELAY_SITE_URL', WEB, 'https://tracker.example.org', 'Its pages'),
  services: list(
    'RELAY_SERVICES',
    {
      of: 'further services (name=URL, such as gun=https://gun.example.org/gun)',
      itemsMax: SERVICES_MAX,
      item: readService,
      default: [],
    },
    'Further services, as name=URL (such as gun=http://gun.localhost:5001/gun for the profile gun; gun/README.md)',
  ),

  // finding others
  bootstrap: list(
    'RELAY_BOOTSTRAP',
    {
      of: 'https: URLs of relays',
      itemsMax: 64,
      item: (item) => readUrl(item, WEB),
      default: [],
    },
    'URLs of relays to start from',
  ),
  dhtEnabled: flag(
    'TRACKER_DHT_ENABLED',
    { default: false },
    'Whether it looks for others, and lets itself be found, in the BitTorrent DHT',
  ),
  dhtPort: port('TRACKER_DHT_PORT', { default: 6881 }, 'UDP port of the DHT'),
  dhtBootstrap: list(
    'TRACKER_DHT_BOOTSTRAP',
    {
      of: 'DHT nodes (host:port)',
      itemsMax: 16,
      item: readHostPort,
      default: [
        { host: 'router.bittorrent.com', port: 6881 },
        { host: 'router.utorrent.com', port: 6881 },
        { host: 'dht.transmissionbt.com', port: 6881 },
        { host: 'dht.libtorrent.org', port: 25401 },
      ],
    },
    'DHT nodes to start from',
  ),
  /** The port on which /.well-known/relay-swarm answers over plain HTTP, as seen from outside; 0: the tracker's own. */
  announcedPort: integer(
    'RELAY_ANNOUNCED_PORT',
    { min: 0, max: 65_535, default: 0 },
    "Port on which /.well-known/relay-swarm answers over plain HTTP, seen from outside; 0 is the tracker's own",
  ),
  lookupSeconds: integer(
    'RELAY_LOOKUP_SECONDS',
    { min: 5, max: 3_600, default: 300 },
    'How often the DHT is asked for others',
  ),
  /** Lets addresses of private networks and ws: in; for labs and tests. */
  allowPrivate: flag(
    'RELAY_ALLOW_PRIVATE',
    { default: false },
    'Lets relays with private addresses and ws: URLs in; for labs and tests only',
  ),

  // limits
  statusSeconds: integer(
    'RELAY_STATUS_SECONDS',
    { min: 1, max: 60, default: 10 },
    'How often relays tell each other how they are',
  ),
  sessionsMax: integer(
    'RELAY_SESSIONS_MAX',
    { min: 3, max: 512, default: 12 },
    'Relays that it has a session with; where there are more, it knows them by the table that all keep',
  ),
  membersMax: integer(
    'RELAY_MEMBERS_MAX',
    { min: 16, max: 100_000, default: 20_000 },
    'Relays in the table of all (about 1.5 KB each)',
  ),
  relaysPerAddressMax: integer(
    'RELAY_PER_ADDRESS_MAX',
    { min: 1, max: 512, default: 4 },
    'Relays of one address',
  ),
  candidatesMax: integer(
    'RELAY_CANDIDATES_MAX',
    { min: 16, max: 10_000, default: 1_000 },
    'Addresses of possible relays that are remembered',
  ),
  candidatesPerLookupMax: integer(
    'RELAY_CANDIDATES_PER_LOOKUP_MAX',
    { min: 1, max: 1_000, default: 200 },
    'Addresses that one lookup may add',
  ),
  dialsMax: integer('RELAY_DIALS_MAX', { min: 2, max: 64, default: 16 }, 'Relays that are dialled at once'),
  retrySecondsMax: integer(
    'RELAY_RETRY_SECONDS_MAX',
    { min: 1, max: 3_600, default: 300 },
    'Longest wait before one is dialled again',
  ),

  // overload: load is from 0 to 1
  busyLoad: decimal(
    'RELAY_BUSY_LOAD',
    { min: 0.1, max: 1, default: 0.75 },
    'Load (0 to 1) from which on it calls itself busy',
  ),
  fullLoad: decimal(
    'RELAY_FULL_LOAD',
    { min: 0.1, max: 1, default: 0.95 },
    'Load from which on it calls itself full',
  ),
  eventLoopDelayFullMs: integer(
    'RELAY_EVENT_LOOP_DELAY_FULL_MS',
    { min: 50, max: 10_000, default: 500 },
    'Delay of the event loop that is a load of 1',
  ),
} as const;

export type RelaySettings = Settings<typeof relaySettings>;

/** Rules between settings, each fault a sentence. */
export function checkRelaySettings(
  settings: RelaySettings & { readonly publicUrl: string | undefined },
): string[] {
  const faults = publicIpFaults(settings.publicAddresses);
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
