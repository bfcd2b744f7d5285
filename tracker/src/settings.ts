// The tracker's settings: name, bounds and default, one line each. `.env.example` names the same ones (tested).
import { address, flag, integer, list, path, port, url, type Settings } from '@relay-swarm/kit';
import { origins, trustedProxies } from '@relay-swarm/net';
import { bittorrentSettings } from './frontends/bittorrent-settings.ts';
import { graffitiSettings } from './frontends/graffiti/settings.ts';
import { checkRelaySettings, relaySettings } from './relay/settings.ts';

const WEB_SOCKET = ['ws:', 'wss:'] as const;

const readInfoHash = (text: string): string | undefined =>
  /^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(text) ? text.toLowerCase() : undefined;
const infoHashes = 'info hashes of 40 (torrents) or 64 (Graffiti) hexadecimal digits';

export const trackerSettings = {
  host: address('TRACKER_HOST', { default: '127.0.0.1' }),
  port: port('TRACKER_PORT', { default: 8000 }),
  udpPort: integer('TRACKER_UDP_PORT', { min: 0, max: 65_535, default: 0 }),
  publicUrl: url('TRACKER_PUBLIC_URL', {
    protocols: WEB_SOCKET,
    example: 'wss://tracker.example.org',
    default: undefined,
  }),
  dataDir: path('DATA_DIR', { default: './data' }),
  trustedProxies: trustedProxies('TRACKER_TRUSTED_PROXIES', { default: [] }),
  origins: origins('TRACKER_ORIGINS'),

  announceIntervalSeconds: integer('TRACKER_ANNOUNCE_INTERVAL_SECONDS', { min: 10, max: 3600, default: 120 }),
  peerTtlSeconds: integer('TRACKER_PEER_TTL_SECONDS', { min: 20, max: 86_400, default: 400 }),
  offersMax: integer('TRACKER_OFFERS_MAX', { min: 1, max: 100, default: 20 }),

  allowedInfoHashes: list('TRACKER_ALLOW', {
    of: infoHashes,
    itemsMax: 1000,
    item: readInfoHash,
    default: [],
  }),
  deniedInfoHashes: list('TRACKER_DENY', { of: infoHashes, itemsMax: 1000, item: readInfoHash, default: [] }),
  allowFile: path('TRACKER_ALLOW_FILE', { default: '' }),
  denyFile: path('TRACKER_DENY_FILE', { default: '' }),

  connectionsMax: integer('TRACKER_CONNECTIONS_MAX', { min: 1, max: 1_000_000, default: 20_000 }),
  connectionsPerAddressMax: integer('TRACKER_CONNECTIONS_PER_ADDRESS_MAX', {
    min: 1,
    max: 1_000_000,
    default: 100,
  }),
  swarmsMax: integer('TRACKER_SWARMS_MAX', { min: 1, max: 10_000_000, default: 500_000 }),
  swarmsPerConnectionMax: integer('TRACKER_SWARMS_PER_CONNECTION_MAX', {
    min: 1,
    max: 100_000,
    default: 1000,
  }),
  frameBytesMax: integer('TRACKER_FRAME_BYTES_MAX', { min: 1024, max: 1_048_576, default: 65_536 }),
  sendBufferBytesMax: integer('TRACKER_SEND_BUFFER_BYTES_MAX', {
    min: 16_384,
    max: 16_777_216,
    default: 262_144,
  }),
  announcesPerSecond: integer('TRACKER_ANNOUNCES_PER_SECOND', { min: 1, max: 1_000_000, default: 10 }),
  announcesBurst: integer('TRACKER_ANNOUNCES_BURST', { min: 10, max: 1_000_000, default: 1000 }),
  messagesPerSecond: integer('TRACKER_MESSAGES_PER_SECOND', { min: 1, max: 1_000_000, default: 200 }),
  messagesBurst: integer('TRACKER_MESSAGES_BURST', { min: 10, max: 1_000_000, default: 2000 }),
  faultsMax: integer('TRACKER_FAULTS_MAX', { min: 1, max: 1_000_000, default: 50 }),

  pingSeconds: integer('TRACKER_PING_SECONDS', { min: 1, max: 300, default: 27 }),
  firstFrameSeconds: integer('TRACKER_FIRST_FRAME_SECONDS', { min: 1, max: 3600, default: 30 }),
  idleSeconds: integer('TRACKER_IDLE_SECONDS', { min: 5, max: 86_400, default: 600 }),
  requestSeconds: integer('TRACKER_REQUEST_SECONDS', { min: 1, max: 300, default: 10 }),

  stats: flag('TRACKER_STATS', { default: true }),
  siteDir: path('TRACKER_SITE_DIR', { default: '' }),
  ...graffitiSettings,
  ...bittorrentSettings,
  ...relaySettings,
};

export type TrackerSettings = Settings<typeof trackerSettings>;

/** Rules between settings. */
export function checkTrackerSettings(settings: TrackerSettings): readonly string[] {
  const faults = [...checkRelaySettings(settings)];
  if (settings.peerTtlSeconds < 2 * settings.announceIntervalSeconds) {
    faults.push(
      `TRACKER_PEER_TTL_SECONDS="${settings.peerTtlSeconds}": must be at least twice TRACKER_ANNOUNCE_INTERVAL_SECONDS (${settings.announceIntervalSeconds}), or peers vanish between two announces`,
    );
  }
  return faults;
}
