// A node in the world: gives a cluster a name, a clock and ticks, and ends it.
import { randomBytes, randomInt } from 'node:crypto';
import type { Log, Metrics, Part } from '@relay-swarm/kit';
import type { Carrier } from './carrier.ts';
import { Cluster } from './cluster.ts';
import { releaseOfProcess } from './release.ts';

export interface ClusterNodeOptions {
  readonly service: string;
  readonly carrier: Carrier;
  /** Stands before the names of its metrics, where a process has more than one: empty, or `mesh_`. */
  readonly prefix?: string;
  readonly gauges: () => Readonly<Record<string, number>>;
  /** Called with each tick, after the cluster has checked which nodes are there. */
  readonly tick: (nowMs: number) => void;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface ClusterNode {
  readonly cluster: Cluster;
  /** To be started before the service listens; stopped after its connections were closed. */
  readonly part: Part;
}

const TICK_MS = 250;

export function createClusterNode(options: ClusterNodeOptions): ClusterNode {
  const { service, carrier, prefix = '', gauges, tick, log, metrics } = options;
  const cluster = new Cluster({
    service,
    node: newNodeId(),
    release: releaseOfProcess(),
    carrier,
    random32: () => randomInt(0x1_0000_0000),
    monotonicMs: () => performance.now(),
    endOfTurn: queueMicrotask,
    gauges,
  });
  const { counts } = cluster;
  metrics.gauge(`${prefix}cluster_nodes`, 'Nodes that are there, this one included', () => cluster.nodes);
  metrics.gauge(`${prefix}cluster_up`, '1 while the nats-server is there', () => Number(carrier.isUp));
  metrics.gauge(
    `${prefix}cluster_releases`,
    'Builds that the nodes are of; 1 but during an update',
    () => cluster.releases,
  );
  metrics.counter(
    `${prefix}cluster_events_total`,
    'What this node counted of its cluster',
    () => counts,
    'kind',
  );
  metrics.counter(
    `${prefix}cluster_refused_bytes_total`,
    'Bytes that were not sent because too much was on its way to the nats-server',
    () => cluster.refusedBytes,
  );
  let roundTripMs = 0;
  let askedAtMs: number | undefined;
  /** One at a time: one that hangs is told of as it grows. */
  const measure = (nowMs: number): void => {
    if (askedAtMs !== undefined) {
      roundTripMs = nowMs - askedAtMs;
      return;
    }
    askedAtMs = nowMs;
    const answered = (): void => {
      roundTripMs = performance.now() - askedAtMs!;
      askedAtMs = undefined;
    };
    void carrier.flush().then(answered, answered);
  };
  metrics.gauge(
    `${prefix}cluster_round_trip_seconds`,
    'How long the nats-server took to answer, last time; grows while it does not',
    () => roundTripMs / 1_000,
  );
  let timer: NodeJS.Timeout | undefined;
  return {
    cluster,
    part: {
      name: `cluster ${service}`,
      start: () => {
        cluster.start();
        timer = setInterval(() => {
          const nowMs = performance.now();
          cluster.tick(nowMs);
          tick(nowMs);
          measure(nowMs);
        }, TICK_MS);
        log.info('this node', { cluster: service, node: cluster.node });
        return Promise.resolve();
      },
      stop: () => {
        clearInterval(timer);
        cluster.stop();
        return Promise.resolve();
      },
    },
  };
}

/** 12 digits of time, so that ids stand in the order in which nodes started, and 4 of chance. */
const newNodeId = (): string =>
  Date.now().toString(16).padStart(12, '0').slice(-12) + randomBytes(2).toString('hex');
