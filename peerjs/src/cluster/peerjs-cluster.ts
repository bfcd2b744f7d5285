// Puts the signaling on several nodes: what the app uses in the place of an engine of its own.
import { Asks } from '@relay-swarm/cluster/asks';
import type { Cluster } from '@relay-swarm/cluster/cluster';
import type { ClusterConnection } from '@relay-swarm/cluster/connect';
import { createClusterNode } from '@relay-swarm/cluster/node';
import type { Log, Metrics, Part } from '@relay-swarm/kit';
import type { Rate } from '@relay-swarm/net';
import type { MeshRouteOptions, Visitor } from '../mesh/mesh-route.ts';
import type { CreateSignalingEngine } from '../signaling/engine.ts';
import type { Clock } from '../clock.ts';
import { ClusteredEngine } from './clustered-engine.ts';
import { ClusteredRooms } from './clustered-rooms.ts';
import { readQuestion, type Question } from './questions.ts';

export interface PeerjsClusterOptions {
  readonly connection: ClusterConnection;
  readonly clock: Clock;
  /** What a mesh member of another node may ask of this one. */
  readonly rate: Rate;
  readonly gauges: () => Readonly<Record<string, number>>;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface PeerjsCluster {
  /** Started before the service listens, and stopped after its connections were closed. */
  readonly parts: readonly Part[];
  readonly createEngine: CreateSignalingEngine;
  readonly createDesk: NonNullable<MeshRouteOptions['createDesk']>;
  drain(): void;
  /** What the other nodes count. */
  sumOfOthers(): Readonly<Record<string, number>>;
}

export function createPeerjsCluster(options: PeerjsClusterOptions): PeerjsCluster {
  const { connection, clock, rate, gauges, log, metrics } = options;
  const { carrier } = connection;
  let answer: ((question: Question) => Buffer | Promise<Buffer>) | undefined;
  let tickRooms: (() => void) | undefined;
  // Ids and rooms have nothing to do with each other: two clusters over one connection.
  const ids = createClusterNode({
    service: 'peerjs',
    carrier,
    gauges,
    tick: (nowMs) => asks.tick(nowMs),
    log,
    metrics,
  });
  const rooms = createClusterNode({
    service: 'mesh',
    carrier,
    prefix: 'mesh_',
    gauges: () => ({}),
    tick: () => tickRooms?.(),
    log,
    metrics,
  });
  const clusters: Cluster[] = [ids.cluster, rooms.cluster];
  const asks = new Asks(ids.cluster, (bytes) => {
    const question = readQuestion(bytes);
    return question === undefined || answer === undefined ? Buffer.alloc(0) : answer(question);
  });
  return {
    parts: [connection.part, ids.part, rooms.part],
    createEngine: (engineOptions) => {
      const uses = { cluster: ids.cluster, asks, wallClockMs: clock.wallClockMs, nextTurn: setImmediate };
      const engine = new ClusteredEngine(engineOptions, uses);
      answer = (question) => engine.answer(question);
      return engine;
    },
    createDesk: (desk, own) => {
      const { cluster } = rooms;
      const clustered = new ClusteredRooms<Visitor>({
        ...{ cluster, desk, rooms: own, rate, monotonicMs: clock.monotonicMs },
        ...{ wallClockMs: clock.wallClockMs, nextTurn: setImmediate },
      });
      tickRooms = () => clustered.tick();
      return clustered;
    },
    drain: () => clusters.forEach((cluster) => cluster.drain()),
    sumOfOthers: () => ids.cluster.sumOfOthers(),
  };
}
