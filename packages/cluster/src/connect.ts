// A process's connection to the nats-server: one for all the clusters that it is a node of.
import type { Log, Part } from '@relay-swarm/kit';
import type { Carrier } from './carrier.ts';
import { NatsCarrier } from './nats.ts';

export interface ConnectOptions {
  readonly servers: readonly string[];
  readonly token: string;
  readonly log: Log;
}

export interface ClusterConnection {
  readonly carrier: Carrier;
  /** To be started before the clusters that stand on it, and so stopped after them. */
  readonly part: Part;
}

/** How long the last messages may take to leave: the nats-server may be away. */
const FAREWELL_MS_MAX = 500;

/** Waits until the nats-server is there. */
export async function connectCluster({ servers, token, log }: ConnectOptions): Promise<ClusterConnection> {
  log.info('waiting for the cluster', { servers });
  const carrier = await NatsCarrier.connect({
    servers,
    token,
    changed: (isUp, detail) =>
      isUp
        ? log.info('the cluster is back', { detail })
        : log.warn('the cluster is away: this node goes on alone', { detail }),
  });
  return {
    carrier,
    part: {
      name: 'cluster connection',
      start: () => Promise.resolve(),
      stop: async () => {
        await Promise.race([carrier.flush(), pause(FAREWELL_MS_MAX)]).catch(() => undefined);
        await carrier.close();
      },
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
