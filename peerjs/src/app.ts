// The service's parts, put together. Opens nothing itself.
import {
  createHealthFile,
  createMetrics,
  createOperations,
  type Health,
  type Log,
  type Part,
} from '@relay-swarm/kit';
import { createBudget, createInsiderCheck, registerBudget } from '@relay-swarm/net';
import type { ClusterConnection } from '@relay-swarm/cluster/connect';
import { SocketMemory } from '@relay-swarm/net/socket-memory';
import { Callers, type Caller } from './callers.ts';
import type { ClientSocket } from './client-socket.ts';
import { createPeerjsCluster } from './cluster/peerjs-cluster.ts';
import { Counters } from './counters.ts';
import { MeshCounters } from './mesh/mesh-counters.ts';
import { MeshRoute } from './mesh/mesh-route.ts';
import { createSignalingServer, type SignalingServer, type UpgradeRoute } from './http-server.ts';
import { messageRate } from './settings.ts';
import type { PeerjsSettings } from './settings.ts';
import type { CreateSignalingEngine } from './signaling/engine.ts';
import { SignalingRoute } from './signaling/signaling-route.ts';
import type { Clock } from './clock.ts';

/** From the first piece of a message to its last one. */
const UNFINISHED_MS_MAX = 30_000;

export interface PeerjsService {
  /** In the order in which they start. */
  readonly parts: readonly Part[];
  readonly server: SignalingServer;
  readonly signaling: SignalingRoute;
  readonly counters: Counters;
  readonly memory: SocketMemory<ClientSocket>;
}

export function buildService(
  settings: PeerjsSettings,
  log: Log,
  clock: Clock,
  createEngine: CreateSignalingEngine,
  /** Other services on this port: each calls `leave` once for every connection that it opened, when it is closed. */
  otherRoutes: (leave: (caller: Caller) => void) => readonly UpgradeRoute[] = () => [],
  /** In the place of the engine, where there are several nodes. */
  connection?: ClusterConnection,
): PeerjsService {
  const counters = new Counters();
  const callers = new Callers({
    connectionsMax: settings.connectionsMax,
    connectionsPerAddressMax: settings.connectionsPerAddressMax,
    requests: { perSecond: settings.requestsPerSecond, burst: settings.requestsBurst },
    messages: {
      perSecond: settings.messagesPerAddressPerSecond,
      burst: settings.messagesPerAddressBurst,
    },
  });
  const memory = new SocketMemory<ClientSocket>({
    budget: createBudget(settings.budgetBytesMax),
    unfinishedMsMax: UNFINISHED_MS_MAX,
  });
  const leave = (caller: Caller): void => callers.leave(caller);
  const metrics = createMetrics('peerjs');
  const own = () => ({ connections: callers.connections, connectionsMax: settings.connectionsMax });
  const cluster =
    connection &&
    createPeerjsCluster({ connection, clock, rate: messageRate(settings), gauges: own, log, metrics });
  const signaling: SignalingRoute = new SignalingRoute({
    createEngine: cluster?.createEngine ?? createEngine,
    settings,
    counters,
    log,
    clock,
    memory,
    addresses: callers.messages,
    leave,
  });

  counters.register(metrics);
  const meshCounters = new MeshCounters();
  const mesh = new MeshRoute({
    ...{ settings, counters: meshCounters, log, clock, memory, leave },
    addresses: callers.messages,
    ...(cluster && { createDesk: cluster.createDesk }),
  });
  registerBudget(metrics, memory.budget);
  meshCounters.register(metrics, mesh.rooms);
  metrics.gauge('connections', 'Open connections', () => callers.connections);
  metrics.gauge('connections_max', 'Connections that may be open', () => settings.connectionsMax);
  metrics.gauge('clients', 'Clients that have an id', () => signaling.clients);
  metrics.gauge('addresses', 'Addresses remembered for their limits', () => callers.addresses);
  metrics.gauge('queued_bytes', 'Bytes that wait for absent peers', () => signaling.queuedBytes);

  const health = (): Health => {
    if (server.isDraining) return { ok: false, state: 'draining' };
    return { ok: true, state: callers.connections < settings.connectionsMax ? 'ok' : 'full' };
  };
  const server: SignalingServer = createSignalingServer({
    settings,
    callers,
    memory,
    counters,
    log,
    clock,
    routes: [signaling, mesh, ...otherRoutes(leave)],
    operations: createOperations(metrics, health, createInsiderCheck(settings.trustedProxies)),
    answer: (request, response) => signaling.answer(request, response),
  });

  server.door.register(metrics);

  const healthFile = createHealthFile({
    dataDir: settings.dataDir,
    service: 'peerjs',
    everyMs: settings.healthSeconds * 1000,
    log,
    gauges: () => {
      const { connections = 0, connectionsMax = 0 } = cluster?.sumOfOthers() ?? {};
      return {
        connections: callers.connections + connections,
        connectionsMax: settings.connectionsMax + connectionsMax,
      };
    },
    isDraining: () => server.isDraining,
  });
  const draining: Part = {
    name: 'draining',
    start: () => Promise.resolve(),
    stop: () => {
      cluster?.drain(); // before its connections are closed
      return Promise.resolve();
    },
  };
  return {
    parts: [...(cluster?.parts ?? []), server, healthFile, draining],
    server,
    signaling,
    counters,
    memory,
  };
}
