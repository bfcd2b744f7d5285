// The tracker's settings: name, bounds and default, one line each. `.env.example` names the same ones (tested).
import {
  address,
  choice,
  dataDirSetting,
  flag,
  integer,
  list,
  path,
  port,
  url,
  type Settings,
} from '@relay-swarm/kit';
import { clusterSettings } from '@relay-swarm/cluster/settings';
import { budgetSetting, origins, trustedProxies } from '@relay-swarm/net';
import { bittorrentSettings } from './frontends/bittorrent-settings.ts';
import { graffitiSettings } from './frontends/graffiti/settings.ts';
import { checkRelaySettings, relaySettings } from '@relay-swarm/relay-swarm/settings';

const WEB_SOCKET = ['ws:', 'wss:'] as const;

const readInfoHash = (text: string): string | undefined =>
  /^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(text) ? text.toLowerCase() : undefined;
const infoHashes = 'info hashes of 40 (torrents) or 64 (Graffiti) hexadecimal digits';

export const trackerSettings = {
  host: address(
    'TRACKER_HOST',
    { default: '127.0.0.1' },
    'Address that it listens on without Docker; in the bundle nginx stands before it',
  ),
  port: port('TRACKER_PORT', { default: 8000 }, 'TCP port that it listens on without Docker'),
  udpPort: integer(
    'TRACKER_UDP_PORT',
    { min: 0, max: 65_535, default: 0 },
    'UDP port for BitTorrent clients (BEP 15); 0 is off. On a server docker-compose.udp.yml lets it in (docs/operating.md)',
  ),
  udpReceiveBufferBytes: integer(
    'TRACKER_UDP_RECEIVE_BUFFER_BYTES',
    { min: 4_096, max: 1_073_741_824, default: 4_194_304 },
    'What of a burst of UDP announces may wait in the kernel, which allows no more than net.core.rmem_max',
  ),
  publicUrl: url(
    'TRACKER_PUBLIC_URL',
    {
      protocols: WEB_SOCKET,
      example: 'wss://tracker.example.org',
      default: undefined,
    },
    'How browsers reach it, for example wss://tracker.example.org',
  ),
  dataDir: dataDirSetting,
  trustedProxies: trustedProxies('TRACKER_TRUSTED_PROXIES', { default: [] }),
  origins: origins('TRACKER_ORIGINS'),

  announceIntervalSeconds: integer(
    'TRACKER_ANNOUNCE_INTERVAL_SECONDS',
    { min: 10, max: 3600, default: 120 },
    'How often WebSocket clients are asked to announce',
  ),
  firstIntervalSeconds: integer(
    'TRACKER_FIRST_INTERVAL_SECONDS',
    { min: 10, max: 3600, default: 15 },
    'The same in the first three minutes after a start, so that clients that come back meet soon',
  ),
  peerTtlSeconds: integer(
    'TRACKER_PEER_TTL_SECONDS',
    { min: 20, max: 86_400, default: 400 },
    'A peer that has been silent for this long is forgotten',
  ),
  offersMax: integer(
    'TRACKER_OFFERS_MAX',
    { min: 1, max: 100, default: 20 },
    'Offers of one announce that are handed on',
  ),

  allowedInfoHashes: list(
    'TRACKER_ALLOW',
    {
      of: infoHashes,
      itemsMax: 1000,
      item: readInfoHash,
      default: [],
    },
    'Only these info hashes are served (hex, separated by commas)',
  ),
  deniedInfoHashes: list(
    'TRACKER_DENY',
    { of: infoHashes, itemsMax: 1000, item: readInfoHash, default: [] },
    'These info hashes are not served',
  ),
  allowFile: path(
    'TRACKER_ALLOW_FILE',
    { default: '' },
    'A file with one allowed info hash in each line; read again when it changes, and what it no longer allows is closed then',
  ),
  denyFile: path('TRACKER_DENY_FILE', { default: '' }, 'The same for info hashes that are not served'),

  connectionsMax: integer(
    'TRACKER_CONNECTIONS_MAX',
    { min: 1, max: 1_000_000, default: 20_000 },
    'Open WebSockets in all',
  ),
  connectionsPerAddressMax: integer(
    'TRACKER_CONNECTIONS_PER_ADDRESS_MAX',
    {
      min: 1,
      max: 1_000_000,
      default: 100,
    },
    'Open WebSockets of one address (IPv6: of one /64)',
  ),
  swarmsMax: integer('TRACKER_SWARMS_MAX', { min: 1, max: 10_000_000, default: 500_000 }, 'Swarms in all'),
  peersMax: integer(
    'TRACKER_PEERS_MAX',
    { min: 1, max: 10_000_000, default: 1_000_000 },
    'Peers on WebSockets in all swarms; one that is in two counts twice',
  ),
  peersPerAddressMax: integer(
    'TRACKER_PEERS_PER_ADDRESS_MAX',
    { min: 1, max: 10_000_000, default: 20_000 },
    'The same of one address (IPv6: of one /64, and of one /48 eight times as many); also its announces and subscriptions in Graffiti',
  ),
  swarmsPerConnectionMax: integer(
    'TRACKER_SWARMS_PER_CONNECTION_MAX',
    {
      min: 1,
      max: 100_000,
      default: 2000,
    },
    'Swarms that one connection may be in',
  ),
  budgetBytesMax: budgetSetting('TRACKER_BUDGET_BYTES_MAX'),
  frameBytesMax: integer(
    'TRACKER_FRAME_BYTES_MAX',
    { min: 1024, max: 1_048_576, default: 65_536 },
    'Size of one message',
  ),
  sendBufferBytesMax: integer(
    'TRACKER_SEND_BUFFER_BYTES_MAX',
    {
      min: 16_384,
      max: 16_777_216,
      default: 262_144,
    },
    'What may wait for one slow reader before its connection is closed',
  ),
  announcesPerSecond: integer(
    'TRACKER_ANNOUNCES_PER_SECOND',
    { min: 1, max: 1_000_000, default: 10 },
    'Announces of one connection in each second',
  ),
  announcesBurst: integer(
    'TRACKER_ANNOUNCES_BURST',
    { min: 10, max: 1_000_000, default: 2000 },
    'Announces of one connection at once',
  ),
  messagesPerSecond: integer(
    'TRACKER_MESSAGES_PER_SECOND',
    { min: 1, max: 1_000_000, default: 200 },
    'Messages of one connection in each second, of all kinds',
  ),
  messagesBurst: integer(
    'TRACKER_MESSAGES_BURST',
    { min: 10, max: 1_000_000, default: 2000 },
    'Messages of one connection at once',
  ),
  faultsMax: integer(
    'TRACKER_FAULTS_MAX',
    { min: 1, max: 1_000_000, default: 50 },
    'Messages that make no sense before the connection is closed',
  ),

  pingSeconds: integer(
    'TRACKER_PING_SECONDS',
    { min: 1, max: 300, default: 27 },
    'How often a connection is pinged',
  ),
  firstFrameSeconds: integer(
    'TRACKER_FIRST_FRAME_SECONDS',
    { min: 1, max: 3600, default: 30 },
    'How long a new connection may say nothing',
  ),
  idleSeconds: integer(
    'TRACKER_IDLE_SECONDS',
    { min: 5, max: 86_400, default: 600 },
    'How long a connection may say nothing later on',
  ),
  requestSeconds: integer(
    'TRACKER_REQUEST_SECONDS',
    { min: 1, max: 300, default: 10 },
    'How long a plain HTTP request may take',
  ),

  stats: flag('TRACKER_STATS', { default: true }, 'Whether /stats and /stats.json are public'),
  siteDir: path(
    'TRACKER_SITE_DIR',
    { default: '' },
    'A folder with the built pages, for a tracker without nginx before it (npm start and the one-port image set it); empty is none',
  ),
  trackerRole: choice(
    'TRACKER_ROLE',
    { of: ['relay', 'node'], default: 'relay' },
    'In a cluster one tracker is the relay that other relays see; the further ones are nodes (docs/cluster.md)',
  ),
  ...clusterSettings,
  ...graffitiSettings,
  ...bittorrentSettings,
  ...relaySettings,
};

export type TrackerSettings = Settings<typeof trackerSettings>;

/** Rules between settings. */
export function checkTrackerSettings(settings: TrackerSettings): readonly string[] {
  const faults = [...checkRelaySettings(settings)];
  if (settings.trackerRole === 'node' && settings.clusterUrl.length === 0)
    faults.push('TRACKER_ROLE="node": needs CLUSTER_URL, or it serves nobody that others know');
  if (settings.peerTtlSeconds < 2 * settings.announceIntervalSeconds) {
    faults.push(
      `TRACKER_PEER_TTL_SECONDS="${settings.peerTtlSeconds}": must be at least twice TRACKER_ANNOUNCE_INTERVAL_SECONDS (${settings.announceIntervalSeconds}), or peers vanish between two announces`,
    );
  }
  return faults;
}
