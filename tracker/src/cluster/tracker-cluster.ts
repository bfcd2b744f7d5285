// Puts the tracker on several nodes: what the app uses in the place of its own WebTorrent and Graffiti.
import { connectCluster, createClusterNode, Edge, Owner } from '@relay-swarm/cluster';
import type { Log, Metrics, Part } from '@relay-swarm/kit';
import type { ByteBudget } from '@relay-swarm/net';
import type { IpAnnounce, IpTracker } from '../frontends/ip-announce.ts';
import type { Graffiti } from '../frontends/graffiti/graffiti.ts';
import type { Frontend } from '../frontends/protocol.ts';
import type { WebTorrent } from '../frontends/webtorrent/webtorrent.ts';
import type { Link, Peer, Priority } from '../swarm/peer.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import type { Connection } from '../transport/connection.ts';
import { readCloseEntry } from './close-entry.ts';
import { ClusteredIpAnnounce } from './clustered-ip-announce.ts';
import { ClusteredGraffiti } from './clustered-graffiti.ts';
import { ClusteredWebTorrent } from './clustered-webtorrent.ts';
import { CLOSE, RemotePeer } from './remote-peer.ts';
import { TrackerRules } from './tracker-rules.ts';

export interface TrackerClusterOptions {
  readonly settings: {
    readonly clusterUrl: readonly string[];
    readonly clusterToken: string;
    readonly peerTtlSeconds: number;
    readonly trackerRole: 'relay' | 'node';
  };
  readonly gauges: () => Readonly<Record<string, number>>;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface TrackerClusterUses {
  readonly webTorrent: WebTorrent;
  readonly graffiti: Graffiti;
  readonly swarms: SwarmStore;
  readonly budget: ByteBudget;
  readonly refuse: (infoHash: string) => string | undefined;
}

export interface TrackerCluster {
  /** Started before the tracker listens, and stopped after its connections were closed. */
  readonly parts: readonly Part[];
  /** In the place of the tracker's own. */
  frontends(uses: TrackerClusterUses): readonly Frontend<Connection>[];
  /** In the place of the tracker's own, for announces over HTTP and UDP. */
  ipTracker(own: IpAnnounce): IpTracker;
  mayBeAnswered(peer: Peer, nowMs: number): boolean;
  drain(): void;
  /** What the other nodes count. */
  sumOfOthers(): Readonly<Record<string, number>>;
}

/** Waits until the nats-server is there. */
export async function createTrackerCluster(options: TrackerClusterOptions): Promise<TrackerCluster> {
  const { settings, gauges, log, metrics } = options;
  const isRelay = Number(settings.trackerRole === 'relay');
  let rules: TrackerRules | undefined;
  let edge: Edge<Connection> | undefined;
  let ipAnnounce: ClusteredIpAnnounce | undefined;
  const connection = await connectCluster({
    servers: settings.clusterUrl,
    token: settings.clusterToken,
    log,
  });
  const { cluster, part } = createClusterNode({
    service: 'tracker',
    carrier: connection.carrier,
    gauges: () => ({ ...gauges(), relays: isRelay }),
    tick: (nowMs) => {
      edge?.tick();
      rules?.tick(nowMs);
      ipAnnounce?.tick(nowMs);
    },
    log,
    metrics,
  });
  metrics.gauge(
    'cluster_relays',
    'Nodes that are the relay which other relays see; must be 1',
    () => isRelay + (cluster.sumOfOthers()['relays'] ?? 0),
  );
  return {
    parts: [connection.part, part],
    frontends: ({ webTorrent, graffiti, swarms, budget, refuse }) => {
      rules = new TrackerRules({ webTorrent, graffiti, swarms, refuse });
      const owner = new Owner<Link>({ cluster, rules, open: (remote) => new RemotePeer(remote, budget) });
      const own = (edge = new Edge<Connection>({
        cluster,
        rules,
        deliver,
        expiredBeforeMs: (nowMs) => nowMs - settings.peerTtlSeconds * 1000,
        nextTurn: setImmediate,
      }));
      metrics.gauge(
        'cluster_links',
        'Connections of other nodes that have to do with this one',
        () => owner.links,
      );
      metrics.gauge('cluster_memberships', 'What the connections of this node are in', () => own.memberships);
      return [
        new ClusteredGraffiti({ graffiti, cluster, edge: own }),
        new ClusteredWebTorrent({ webTorrent, rules, cluster, edge: own }),
      ];
    },
    ipTracker: (own) => (ipAnnounce = new ClusteredIpAnnounce(own, cluster)),
    mayBeAnswered: (peer, nowMs) => rules?.mayBeAnswered(peer, nowMs) === true,
    drain: () => cluster.drain(),
    sumOfOthers: () => cluster.sumOfOthers(),
  };
}

/** A finished frame, or that the connection shall be closed. */
function deliver(connection: Connection, bytes: Buffer, detail: number): void {
  if (detail !== CLOSE) {
    connection.send(bytes, detail as Priority);
    return;
  }
  const { code, reason } = readCloseEntry(bytes);
  connection.close(code, reason);
}
