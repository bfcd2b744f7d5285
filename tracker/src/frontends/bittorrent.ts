// Puts together what serves clients without WebRTC: peers in the swarms, HTTP, UDP, their ageing and their numbers.
import { randomBytes } from 'node:crypto';
import { type Log, type Metrics, type Part, type Settings } from '@relay-swarm/kit';
import { AddressRates, type AddressReader, type ByteBudget } from '@relay-swarm/net';
import type { bittorrentSettings } from './bittorrent-settings.ts';
import { createHttpAnnounce, type HttpAnnounces } from './http/http-announce.ts';
import { IpPeerTable } from '../swarm/ip-peer-table.ts';
import { IpAnnounce, type IpTracker } from './ip-announce.ts';
import type { PeerObserver } from '../swarm/peer-observer.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import type { RandomInt } from '../swarm/random-int.ts';
import { createTicks } from '../ticks.ts';
import { ConnectionIds } from './udp/connection-ids.ts';
import { createUdpServer, type UdpServer } from './udp/udp-server.ts';
import { UdpTracker } from './udp/udp-tracker.ts';

/** A peer that missed two announces is forgotten. */
const TTL_INTERVALS = 2.5;
const EXPIRY_EVERY_MS = 5_000;
/** Addresses whose rate is remembered. */
const ADDRESSES_MAX = 50_000;

export interface BittorrentOptions {
  readonly settings: Settings<typeof bittorrentSettings> & {
    readonly host: string;
    readonly udpPort: number;
    readonly udpReceiveBufferBytes: number;
    readonly clusterUrl: readonly string[];
    readonly clusterToken: string;
  };
  readonly swarms: SwarmStore;
  readonly budget: ByteBudget;
  /** Counts the peers; undefined where they are not counted. */
  readonly statistics: PeerObserver | undefined;
  readonly refuse: (infoHash: string) => string | undefined;
  readonly rejectsNewcomers: () => boolean;
  readonly randomInt: RandomInt;
  readonly readAddress: AddressReader;
  readonly monotonicMs: () => number;
  /** Asks the owner of an info hash, where there are several nodes. */
  readonly cluster?: { ipTracker(own: IpAnnounce): IpTracker } | undefined;
  readonly log: Log;
}

export interface Bittorrent {
  /** GET /announce and /scrape. */
  readonly http: HttpAnnounces;
  /** Undefined where UDP is off. */
  readonly udp: UdpServer | undefined;
  readonly parts: readonly Part[];
  readonly ipPeers: IpPeerTable;
  registerMetrics(metrics: Metrics): void;
}

export function buildBittorrent(options: BittorrentOptions): Bittorrent {
  const { settings, swarms, monotonicMs, log } = options;
  const limits = {
    peersMax: settings.bittorrentHostsMax,
    peersPerAddressMax: settings.bittorrentHostsPerAddressMax,
  };
  const ipPeers = new IpPeerTable(swarms, limits, options.budget, options.statistics);
  const rate = { perSecond: settings.bittorrentRequestsPerSecond, burst: settings.bittorrentRequestsBurst };
  const rates = new AddressRates(rate, ADDRESSES_MAX);
  const intervalSeconds = settings.bittorrentIntervalSeconds;
  const tracker = new IpAnnounce({ ...options, ipPeers, rates, intervalSeconds });
  const front = options.cluster?.ipTracker(tracker) ?? tracker;
  const udpTracker = new UdpTracker(front, connectionIds(settings, monotonicMs));
  const udp =
    settings.udpPort === 0
      ? undefined
      : createUdpServer({
          host: settings.host,
          port: settings.udpPort,
          receiveBufferBytes: settings.udpReceiveBufferBytes,
          tracker: udpTracker,
          ...{ monotonicMs, log },
        });

  const expiry = createTicks('ip-peer-expiry', EXPIRY_EVERY_MS, (nowMs) =>
    ipPeers.expire(nowMs - TTL_INTERVALS * intervalSeconds * 1000),
  );
  return {
    http: createHttpAnnounce({
      tracker: front,
      readAddress: options.readAddress,
      intervalSeconds,
      monotonicMs,
    }),
    udp,
    parts: udp === undefined ? [expiry] : [expiry, udp],
    ipPeers,
    registerMetrics: (metrics) => {
      metrics.gauge('hosts', 'Peers that announce over HTTP or UDP, in all swarms', () => ipPeers.size);
      metrics.gauge('host_addresses', 'Addresses whose request rate is remembered', () => rates.size);
      metrics.counter('hosts_expired_total', 'Peers that stopped announcing', () => ipPeers.expired);
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

/** Nodes of a cluster accept each other's ids, since a client's datagrams may reach any of them. That needs a token that all of them know. */
function connectionIds(
  { clusterUrl, clusterToken }: BittorrentOptions['settings'],
  monotonicMs: () => number,
): ConnectionIds {
  return clusterUrl.length > 0 && clusterToken !== ''
    ? ConnectionIds.shared(clusterToken, () => Date.now() - monotonicMs())
    : new ConnectionIds(randomBytes(32));
}
