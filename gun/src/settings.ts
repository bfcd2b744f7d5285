// The GunDB relay's settings: name, bounds and default, one line each.
import { address, dataDirSetting, flag, integer, port, type Settings } from '@relay-swarm/kit';
import { budgetSetting, trustedProxies } from '@relay-swarm/net';

export const gunSettings = {
  host: address('GUN_HOST', { default: '127.0.0.1' }, 'Address that it listens on without Docker'),
  port: port('GUN_PORT', { default: 8765 }, 'TCP port that it listens on without Docker'),
  trustedProxies: trustedProxies('GUN_TRUSTED_PROXIES', { default: [] }),
  dataDir: dataDirSetting,

  connectionsMax: integer(
    'GUN_CONNECTIONS_MAX',
    { min: 1, max: 100_000, default: 1_000 },
    'Open WebSockets in all',
  ),
  connectionsPerAddressMax: integer(
    'GUN_CONNECTIONS_PER_ADDRESS_MAX',
    {
      min: 1,
      max: 100_000,
      default: 50,
    },
    'Open WebSockets of one address (IPv6: of one /64)',
  ),
  frameBytesMax: integer(
    'GUN_FRAME_BYTES_MAX',
    { min: 16_384, max: 4_194_304, default: 262_144 },
    'Size of one message',
  ),
  sendBufferBytesMax: integer(
    'GUN_SEND_BUFFER_BYTES_MAX',
    {
      min: 65_536,
      max: 67_108_864,
      default: 1_048_576,
    },
    'What may wait for one slow reader before its connection is closed',
  ),
  messagesPerSecond: integer(
    'GUN_MESSAGES_PER_SECOND',
    { min: 1, max: 100_000, default: 200 },
    'Messages of one connection that are read in each second',
  ),
  messagesPerAddressPerSecond: integer(
    'GUN_MESSAGES_PER_ADDRESS_PER_SECOND',
    { min: 1, max: 1_000_000, default: 1_000 },
    'Messages of all connections of one address that are read in each second',
  ),
  budgetBytesMax: budgetSetting('GUN_BUDGET_BYTES_MAX'),
  memoryBytesMax: integer(
    'GUN_MEMORY_BYTES_MAX',
    { min: 65_536, max: 8_589_934_592, default: 67_108_864 },
    'How much of the graph is kept, in memory only: what was written last',
  ),
  pingSeconds: integer(
    'GUN_PING_SECONDS',
    { min: 1, max: 300, default: 27 },
    'How often a connection is pinged',
  ),

  // the gun relays of other relays
  linksMax: integer(
    'GUN_LINKS_MAX',
    { min: 0, max: 64, default: 8 },
    'Gun relays of other relays that this one dials; 0 is none',
  ),
  linkSeconds: integer(
    'GUN_LINK_SECONDS',
    { min: 1, max: 300, default: 5 },
    'How often it looks for them in the roster',
  ),
  allowPrivate: flag(
    'RELAY_ALLOW_PRIVATE',
    { default: false },
    'Lets relays with private addresses and ws: URLs in; for labs and tests only',
  ),
} as const;

export type GunSettings = Settings<typeof gunSettings>;
