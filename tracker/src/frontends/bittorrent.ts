// Puts together what serves clients without WebRTC: hosts in the swarms, HTTP, UDP, their ageing and their numbers.
import { randomBytes } from 'node:crypto';
import { type Log, type Metrics, type Part, type RequestHandler, type Settings } from '@relay-swarm/kit';
import { AddressRates, type AddressReader } from '@relay-swarm/net';
import type { bittorrentSettings } from './bittorrent-settings.ts';
import { createHttpAnnounce } from './http/http-announce.ts';
import { HostTable } from '../swarm/ip-peer-table.ts';
import { HostTracker } from './ip-announce.ts';
import type { SwarmTable } from '../swarm/swarm-table.ts';
import type { Dice } from '../swarm/swarm.ts';
import { ConnectionIds } from './udp/connection-ids.ts';
import { createUdpServer, type UdpServer } from './udp/udp-server.ts';
import { UdpTracker } from './udp/udp-tracker.ts';

/** A host that missed two announces is forgotten. */
const TTL_INTERVALS = 2.5;
const AGEING_EVERY_MS = 5_000;
/** Addresses whose rate is remembered. */
const ADDRESSES_MAX = 50_000;

export interface BittorrentOptions {
  readonly settings: Settings<typeof bittorrentSettings> & {
    readonly host: string;
    readonly udpPort: number;
  };
  readonly swarms: SwarmTable;
  readonly refuse: (infoHash: string) => string | undefined;
  readonly isTurningAway: () => boolean;
  readonly dice: Dice;
  readonly readAddress: AddressReader;
  readonly now: () => number;
  readonly log: Log;
}

export interface Bittorrent {
  /** GET /announce and /scrape. */
  readonly handle: RequestHandler;
  /** Undefined where UDP is off. */
  readonly udp: UdpServer | undefined;
  readonly parts: readonly Part[];
  readonly hosts: HostTable;
  registerMetrics(metrics: Metrics): void;
}

export function buildBittorrent(options: BittorrentOptions): Bittorrent {
  const { settings, swarms, now, log } = options;
  const hosts = new HostTable(swarms, {
    hostsMax: settings.bittorrentHostsMax,
    hostsPerAddressMax: settings.bittorrentHostsPerAddressMax,
  });
  const rate = { perSecond: settings.bittorrentRequestsPerSecond, burst: settings.bittorrentRequestsBurst };
  const rates = new AddressRates(rate, ADDRESSES_MAX);
  const intervalSeconds = settings.bittorrentIntervalSeconds;
  const tracker = new HostTracker({ ...options, hosts, rates, intervalSeconds });
  const udpTracker = new UdpTracker(tracker, new ConnectionIds(randomBytes(32)));
  const udp =
    settings.udpPort === 0
      ? undefined
      : createUdpServer({ host: settings.host, port: settings.udpPort, tracker: udpTracker, now, log });

  let timer: NodeJS.Timeout | undefined;
  const ageing: Part = {
    name: 'host-ageing',
    start: () => {
      timer = setInterval(
        () => hosts.expire(now() - TTL_INTERVALS * intervalSeconds * 1000),
        AGEING_EVERY_MS,
      );
      return Promise.resolve();
    },
    stop: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
  return {
    handle: createHttpAnnounce({ tracker, readAddress: options.readAddress, now }),
    udp,
    parts: udp === undefined ? [ageing] : [ageing, udp],
    hosts,
    registerMetrics: (metrics) => {
      metrics.gauge('hosts', 'Peers that announce over HTTP or UDP, in all swarms', () => hosts.size);
      metrics.gauge('host_addresses', 'Addresses whose request rate is remembered', () => rates.size);
      metrics.counter('hosts_expired_total', 'Hosts that stopped announcing', () => hosts.expired);
      metrics.counter(
        'host_requests_total',
        'Requests over HTTP and UDP that could be read, by what came of them',
        () => tracker.counts,
        'kind',
      );
      metrics.counter(
        'udp_packets_total',
        'Datagrams of the UDP tracker, by what they were',
        () => udpTracker.counts,
        'kind',
      );
    },
  };
}
