// Settings for clients that announce over HTTP or UDP and are reached at an address and port.
import { integer } from '@relay-swarm/kit';

export const bittorrentSettings = {
  bittorrentIntervalSeconds: integer(
    'TRACKER_BITTORRENT_INTERVAL_SECONDS',
    {
      min: 30,
      max: 7200,
      default: 900,
    },
    'How often clients that announce over HTTP or UDP are asked to',
  ),
  bittorrentHostsMax: integer(
    'TRACKER_BITTORRENT_HOSTS_MAX',
    { min: 0, max: 10_000_000, default: 200_000 },
    'Such clients in all',
  ),
  bittorrentHostsPerAddressMax: integer(
    'TRACKER_BITTORRENT_HOSTS_PER_ADDRESS_MAX',
    {
      min: 1,
      max: 10_000_000,
      default: 5_000,
    },
    'Such clients of one address',
  ),
  bittorrentRequestsPerSecond: integer(
    'TRACKER_BITTORRENT_REQUESTS_PER_SECOND',
    {
      min: 1,
      max: 1_000_000,
      default: 20,
    },
    'Their requests from one address in each second',
  ),
  bittorrentRequestsBurst: integer(
    'TRACKER_BITTORRENT_REQUESTS_BURST',
    {
      min: 1,
      max: 1_000_000,
      default: 5_000,
    },
    'Their requests from one address at once',
  ),
};
