// How our tracker is started to be measured.
import { join } from 'node:path';

/** The limits that protect an open relay would refuse clients as talkative as those of the load. */
export const OUR_SETTINGS = {
  LOG_LEVEL: 'warn',
  TRACKER_DHT_ENABLED: 'false',
  TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '1000000',
  TRACKER_PEERS_PER_ADDRESS_MAX: '1000000',
  TRACKER_ANNOUNCES_PER_SECOND: '1000000',
  TRACKER_ANNOUNCES_BURST: '1000000',
  TRACKER_MESSAGES_PER_SECOND: '1000000',
  TRACKER_MESSAGES_BURST: '1000000',
  TRACKER_BITTORRENT_HOSTS_PER_ADDRESS_MAX: '100000',
  TRACKER_BITTORRENT_REQUESTS_PER_SECOND: '1000000',
  TRACKER_BITTORRENT_REQUESTS_BURST: '1000000',
  TRACKER_BUDGET_BYTES_MAX: String(4e9),
};

/** As it is started in its image, but for the maps of its sources. BENCH_TRACKER names another build of it. */
export const OUR_ARGS = [
  ...(process.env['BENCH_FLAGS']?.split(' ') ?? ['--max-semi-space-size=2']),
  process.env['BENCH_TRACKER'] ?? join(import.meta.dirname, '..', 'dist', 'main.js'),
];
