// Puts the signaling on several nodes: what the app uses in the place of an engine of its own.
import { Asks } from '@relay-swarm/cluster/asks';
import type { ClusterConnection } from '@relay-swarm/cluster/connect';
import { createClusterNode } from '@relay-swarm/cluster/node';
import type { Log, Metrics, Part } from '@relay-swarm/kit';
import type { CreateSignalingEngine } from '../signaling/engine.ts';
import { ClusteredEngine } from './clustered-engine.ts';
import { readQuestion, type Question } from './questions.ts';

export interface PeerjsClusterOptions {
  readonly connection: ClusterConnection;
  readonly unixMs: () => number;
  readonly gauges: () => Readonly<Record<string, number>>;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface PeerjsCluster {
  /** Started before the service listens, and stopped after its connections were closed. */
  readonly parts: readonly Part[];
  readonly createEngine: CreateSignalingEngine;
  drain(): void;
  /** What the other nodes count. */
  sumOfOthers(): Readonly<Record<string, number>>;
}

export function createPeerjsCluster(options: PeerjsClusterOptions): PeerjsCluster {
  const { connection, unixMs, gauges, log, metrics } = options;
  let answer: ((question: Question) => Buffer | Promise<Buffer>) | undefined;
  const { cluster, part } = createClusterNode({
    service: 'peerjs',
    carrier: connection.carrier,
    gauges,
    tick: (nowMs) => asks.tick(nowMs),
    log,
    metrics,
  });
  const asks = new Asks(cluster, (bytes) => {
    const question = readQuestion(bytes);
    return question === undefined || answer === undefined ? Buffer.alloc(0) : answer(question);
  });
  return {
    parts: [connection.part, part],
    createEngine: (engineOptions) => {
      const engine = new ClusteredEngine(engineOptions, { cluster, asks, unixMs, nextTurn: setImmediate });
      answer = (question) => engine.answer(question);
      return engine;
    },
    drain: () => cluster.drain(),
    sumOfOthers: () => cluster.sumOfOthers(),
  };
}
