// Settings for clients that announce over HTTP or UDP and are reached at an address and port.
import { integer } from '@relay-swarm/kit';

export const bittorrentSettings = {
  bittorrentIntervalSeconds: integer('TRACKER_BITTORRENT_INTERVAL_SECONDS', {
    min: 30,
    max: 7200,
    default: 900,
  }),
  bittorrentHostsMax: integer('TRACKER_BITTORRENT_HOSTS_MAX', { min: 0, max: 10_000_000, default: 200_000 }),
  bittorrentHostsPerAddressMax: integer('TRACKER_BITTORRENT_HOSTS_PER_ADDRESS_MAX', {
    min: 1,
    max: 10_000_000,
    default: 5_000,
  }),
  bittorrentRequestsPerSecond: integer('TRACKER_BITTORRENT_REQUESTS_PER_SECOND', {
    min: 1,
    max: 1_000_000,
    default: 20,
  }),
  bittorrentRequestsBurst: integer('TRACKER_BITTORRENT_REQUESTS_BURST', {
    min: 1,
    max: 1_000_000,
    default: 5_000,
  }),
};
