// The GunDB relay's settings: name, bounds and default, one line each.
import { address, flag, integer, path, port, type Settings } from '@relay-swarm/kit';
import { trustedProxies } from '@relay-swarm/net';

export const gunSettings = {
  host: address('GUN_HOST', { default: '127.0.0.1' }),
  port: port('GUN_PORT', { default: 8765 }),
  trustedProxies: trustedProxies('GUN_TRUSTED_PROXIES', { default: [] }),
  dataDir: path('DATA_DIR', { default: './data' }),

  connectionsMax: integer('GUN_CONNECTIONS_MAX', { min: 1, max: 100_000, default: 1_000 }),
  connectionsPerAddressMax: integer('GUN_CONNECTIONS_PER_ADDRESS_MAX', {
    min: 1,
    max: 100_000,
    default: 50,
  }),
  frameBytesMax: integer('GUN_FRAME_BYTES_MAX', { min: 16_384, max: 4_194_304, default: 262_144 }),
  sendBufferBytesMax: integer('GUN_SEND_BUFFER_BYTES_MAX', {
    min: 65_536,
    max: 67_108_864,
    default: 1_048_576,
  }),
  messagesPerSecond: integer('GUN_MESSAGES_PER_SECOND', { min: 1, max: 100_000, default: 200 }),
  messagesPerSecondMax: integer('GUN_MESSAGES_PER_SECOND_MAX', { min: 1, max: 1_000_000, default: 5_000 }),
  memoryBytesMax: integer('GUN_MEMORY_BYTES_MAX', { min: 65_536, max: 8_589_934_592, default: 67_108_864 }),
  pingSeconds: integer('GUN_PING_SECONDS', { min: 1, max: 300, default: 27 }),

  // the gun relays of other relays
  linksMax: integer('GUN_LINKS_MAX', { min: 0, max: 64, default: 8 }),
  linkSeconds: integer('GUN_LINK_SECONDS', { min: 1, max: 300, default: 5 }),
  allowPrivate: flag('RELAY_ALLOW_PRIVATE', { default: false }),
} as const;

export type GunSettings = Settings<typeof gunSettings>;
