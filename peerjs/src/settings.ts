// The signaling server's settings: name, bounds and default, one line each. `.env.example` names the same ones (tested).
import {
  address,
  choice,
  dataDirSetting,
  flag,
  integer,
  optional,
  port,
  secret,
  text,
  type Settings,
} from '@relay-swarm/kit';
import { clusterSettings } from '@relay-swarm/cluster/settings';
import { budgetSetting, origins, trustedProxies, type Rate } from '@relay-swarm/net';
import { ENGINES } from './engines.ts';
import { meshSettings } from './mesh/mesh-settings.ts';

export const peerjsSettings = {
  engine: choice(
    'PEERJS_ENGINE',
    { of: ENGINES, default: 'native' },
    "native is our own signaling; peer is PeerJS's own server, the library of that name",
  ),
  host: address('PEERJS_HOST', { default: '127.0.0.1' }, 'Address that it listens on without Docker'),
  port: port('PEERJS_PORT', { default: 9000 }, 'TCP port that it listens on without Docker'),
  dataDir: dataDirSetting,
  trustedProxies: trustedProxies('PEERJS_TRUSTED_PROXIES', { default: [] }),
  origins: origins('PEERJS_ORIGINS'),

  path: text(
    'PEERJS_PATH',
    { charsMax: 100, default: '/' },
    'Path, as PeerJS clients have it in their options',
  ),
  key: text(
    'PEERJS_KEY',
    { charsMax: 64, default: 'peerjs' },
    'Key, as PeerJS clients have it in their options',
  ),
  isDiscoverable: flag(
    'PEERJS_DISCOVERY',
    { default: false },
    'Whether anybody may list the ids of everybody',
  ),
  idCharsMax: integer('PEERJS_ID_CHARS_MAX', { min: 36, max: 256, default: 64 }, 'Length of an id'),
  authSecret: optional(
    secret(
      'PEERJS_AUTH_SECRET',
      { charsMin: 32 },
      'Secret that the tokens of clients must be signed with, in hex; empty lets everybody in',
    ),
  ),

  connectionsMax: integer(
    'PEERJS_CONNECTIONS_MAX',
    { min: 1, max: 1_000_000, default: 20_000 },
    'Open WebSockets in all',
  ),
  connectionsPerAddressMax: integer(
    'PEERJS_CONNECTIONS_PER_ADDRESS_MAX',
    {
      min: 1,
      max: 1_000_000,
      default: 100,
    },
    'Open WebSockets of one address (IPv6: of one /64)',
  ),
  requestsPerSecond: integer(
    'PEERJS_REQUESTS_PER_SECOND',
    { min: 1, max: 1_000_000, default: 10 },
    'Requests of one address in each second, new WebSockets included',
  ),
  requestsBurst: integer(
    'PEERJS_REQUESTS_BURST',
    { min: 1, max: 1_000_000, default: 200 },
    'Requests of one address at once',
  ),
  messagesPerSecond: integer(
    'PEERJS_MESSAGES_PER_SECOND',
    { min: 1, max: 1_000_000, default: 50 },
    'Messages of one client in each second',
  ),
  messagesBurst: integer(
    'PEERJS_MESSAGES_BURST',
    { min: 10, max: 1_000_000, default: 500 },
    'Messages of one client at once',
  ),
  messagesPerAddressPerSecond: integer(
    'PEERJS_MESSAGES_PER_ADDRESS_PER_SECOND',
    {
      min: 1,
      max: 10_000_000,
      default: 500,
    },
    'Messages of all clients of one address in each second',
  ),
  messagesPerAddressBurst: integer(
    'PEERJS_MESSAGES_PER_ADDRESS_BURST',
    {
      min: 10,
      max: 10_000_000,
      default: 2000,
    },
    'Messages of all clients of one address at once',
  ),
  frameBytesMax: integer(
    'PEERJS_FRAME_BYTES_MAX',
    { min: 1024, max: 1_048_576, default: 65_536 },
    'Size of one message',
  ),
  sendBufferBytesMax: integer(
    'PEERJS_SEND_BUFFER_BYTES_MAX',
    {
      min: 16_384,
      max: 16_777_216,
      default: 1_048_576,
    },
    'What may wait for one slow reader before its connection is closed',
  ),
  queuedPerPeerMax: integer(
    'PEERJS_QUEUED_PER_PEER_MAX',
    { min: 1, max: 10_000, default: 100 },
    'Messages kept for a peer that is not there yet',
  ),
  queuedBytesMax: integer(
    'PEERJS_QUEUED_BYTES_MAX',
    {
      min: 65_536,
      max: 1_073_741_824,
      default: 33_554_432,
    },
    'Size of all such messages together',
  ),
  budgetBytesMax: budgetSetting('PEERJS_BUDGET_BYTES_MAX'),
  faultsMax: integer(
    'PEERJS_FAULTS_MAX',
    { min: 1, max: 1_000_000, default: 50 },
    'Messages that make no sense before the connection is closed',
  ),

  ...meshSettings,
  ...clusterSettings,

  expireSeconds: integer(
    'PEERJS_EXPIRE_SECONDS',
    { min: 1, max: 60, default: 5 },
    'How long messages are kept for a peer that is not there yet',
  ),
  pingSeconds: integer(
    'PEERJS_PING_SECONDS',
    { min: 1, max: 300, default: 27 },
    'How often a connection is pinged',
  ),
  idleSeconds: integer(
    'PEERJS_IDLE_SECONDS',
    { min: 3, max: 3600, default: 90 },
    'How long a connection may say nothing, not even a pong',
  ),
  healthSeconds: integer(
    'PEERJS_HEALTH_SECONDS',
    { min: 1, max: 60, default: 5 },
    'How often its health snapshot is written to the shared volume',
  ),
  drainSeconds: integer(
    'PEERJS_DRAIN_SECONDS',
    { min: 0, max: 5, default: 3 },
    'At a stop, connections are closed spread over this time',
  ),
};

export type PeerjsSettings = Settings<typeof peerjsSettings>;

/** Of one client, alone; what its address may send together is in Callers. */
export const messageRate = (settings: PeerjsSettings): Rate => ({
  perSecond: settings.messagesPerSecond,
  burst: settings.messagesBurst,
});

/** What each piece that comes costs its address: it wakes us up. */
export const PIECE_COST = 0.1;

const SEND_BUFFER_FRAMES_MIN = 8;

/** Rules between settings, and the two texts that become parts of URLs. */
export function checkPeerjsSettings(settings: PeerjsSettings): readonly string[] {
  const faults: string[] = [];
  if (!/^\/([A-Za-z0-9._~-]+\/)*$/.test(settings.path)) {
    faults.push(
      `PEERJS_PATH="${settings.path}": must begin and end with a slash, for example / or /signaling/`,
    );
  }
  if (!/^[A-Za-z0-9_-]+$/.test(settings.key)) {
    faults.push(`PEERJS_KEY="${settings.key}": must consist of letters, digits, "_" and "-"`);
  }
  if (settings.idleSeconds < 2 * settings.pingSeconds) {
    faults.push(
      `PEERJS_IDLE_SECONDS="${settings.idleSeconds}": must be at least twice PEERJS_PING_SECONDS (${settings.pingSeconds}), or a client has no time to answer`,
    );
  }
  if (settings.sendBufferBytesMax < SEND_BUFFER_FRAMES_MIN * settings.frameBytesMax) {
    faults.push(
      `PEERJS_SEND_BUFFER_BYTES_MAX="${settings.sendBufferBytesMax}": must be at least ${SEND_BUFFER_FRAMES_MIN} times PEERJS_FRAME_BYTES_MAX (${settings.frameBytesMax}), or one long message ends a slow reader`,
    );
  }
  if (settings.clusterUrl.length > 0 && settings.engine !== 'native') {
    faults.push(
      `PEERJS_ENGINE="${settings.engine}": must be native where CLUSTER_URL is set, or each node would have ids of its own`,
    );
  }
  return faults;
}
