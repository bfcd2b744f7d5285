// A node in the world: puts a cluster on a nats-server, gives it a name, a clock and ticks, and ends it.
import { randomBytes, randomInt } from 'node:crypto';
import type { Log, Metrics, Part } from '@relay-swarm/kit';
import { Cluster } from './cluster.ts';
import { NatsCarrier } from './nats.ts';

export interface ClusterNodeOptions {
  readonly service: string;
  readonly servers: readonly string[];
  readonly token: string;
  readonly gauges: () => Readonly<Record<string, number>>;
  /** Called with each tick, after the cluster has looked who is there. */
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

/** Waits until the nats-server is there. */
export async function createClusterNode(options: ClusterNodeOptions): Promise<ClusterNode> {
  const { service, servers, token, gauges, tick, log, metrics } = options;
  log.info('waiting for the cluster', { servers });
  const carrier = await NatsCarrier.connect({
    servers,
    token,
    changed: (isUp, detail) =>
      isUp
        ? log.info('the cluster is back', { detail })
        : log.warn('the cluster is away: this node goes on alone', { detail }),
  });
  const cluster = new Cluster({
    service,
    node: newNodeId(),
    carrier,
    random32: () => randomInt(0x1_0000_0000),
    now: () => performance.now(),
    endOfTurn: queueMicrotask,
    gauges,
  });
  const { counts } = cluster;
  metrics.gauge('cluster_nodes', 'Nodes that are there, this one included', () => cluster.nodes);
  metrics.gauge('cluster_up', '1 while the nats-server is there', () => Number(carrier.isUp));
  metrics.counter('cluster_events_total', 'What this node counted of its cluster', () => counts, 'kind');
  metrics.counter(
    'cluster_refused_bytes_total',
    'Bytes that were not sent because too much was on its way to the nats-server',
    () => cluster.refusedBytes,
  );
  let timer: NodeJS.Timeout | undefined;
  return {
    cluster,
    part: {
      name: 'cluster',
      start: () => {
        cluster.start();
        timer = setInterval(() => {
          const nowMs = performance.now();
          cluster.tick(nowMs);
          tick(nowMs);
        }, TICK_MS);
        log.info('this node', { node: cluster.node });
        return Promise.resolve();
      },
      stop: async () => {
        clearInterval(timer);
        cluster.stop();
        await Promise.race([carrier.flush(), pause(500)]).catch(() => undefined); // the engine may be away
        await carrier.close();
      },
    },
  };
}

/** 12 digits of time, so that ids stand in the order in which nodes started, and 4 of chance. */
const newNodeId = (): string =>
  Date.now().toString(16).padStart(12, '0').slice(-12) + randomBytes(2).toString('hex');

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
