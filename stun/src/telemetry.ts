// What operators and the tracker see of this service: metrics, and the gauges of its health snapshot.
import type { Metrics } from '@relay-swarm/kit';
import type { ServiceGauges } from '@relay-swarm/protocol';
import type { TurnEngine, TurnLimits, TurnStats } from './engine.ts';
import type { IceServers } from './ice-servers/handler.ts';
import type { WorkersEngine } from './workers/workers-engine.ts';

export function registerMetrics(metrics: Metrics, engine: TurnEngine, iceServers: IceServers): void {
  const stats = (): TurnStats => engine.stats();
  metrics.gauge('draining', '1 while no new allocations are made', () => Number(stats().isDraining));
  metrics.gauge('allocations', 'Allocations now', () => stats().allocations);
  metrics.gauge('permissions', 'Permissions now', () => stats().permissions);
  metrics.gauge('channels', 'Channels now', () => stats().channels);
  metrics.gauge('reservations', 'Reserved ports now', () => stats().reservations);
  metrics.gauge('connections', 'TCP and TLS connections now', () => stats().connections);
  metrics.gauge('relay_ports_free', 'Relayed ports that nobody uses', () => stats().relayPortsFree);
  metrics.counter('allocations_total', 'Allocations made', () => stats().allocationsTotal);
  metrics.counter('connections_total', 'TCP and TLS connections accepted', () => stats().connectionsTotal);
  metrics.counter(
    'connections_refused_total',
    'Connections refused by a limit',
    () => stats().connectionsRefusedTotal,
  );
  metrics.counter('bindings_total', 'Binding requests answered', () => stats().bindings);
  metrics.counter(
    'relayed_packets_total',
    'Packets relayed',
    () => ({ peers: stats().packetsToPeers, clients: stats().packetsToClients }),
    'to',
  );
  metrics.counter(
    'relayed_bytes_total',
    'Bytes of payload relayed',
    () => ({ peers: stats().bytesToPeers, clients: stats().bytesToClients }),
    'to',
  );
  metrics.counter('drops_total', 'Packets dropped', () => stats().drops, 'reason');
  metrics.counter(
    'auth_failures_total',
    'Requests with bad credentials',
    () => stats().authFailures,
    'reason',
  );
  metrics.counter('error_responses_total', 'Error responses', () => stats().errorResponses, 'code');
  metrics.counter(
    'ice_servers_requests_total',
    'Requests for /ice-servers',
    () => iceServers.counts,
    'result',
  );
  metrics.gauge('ice_servers_addresses', 'Addresses in the rate limit table', () => iceServers.limiter.size);
}

export function registerWorkers(metrics: Metrics, workers: WorkersEngine): void {
  metrics.gauge('workers', 'Processes that serve now', () => workers.alive());
  metrics.counter('worker_restarts_total', 'Processes started again after their end', () =>
    workers.restarts(),
  );
}

/** Numbers for `health/stun.json`. */
export function gaugesOf(engine: TurnEngine, limits: TurnLimits): ServiceGauges {
  const { allocations, relayPortsFree, connections } = engine.stats();
  return {
    allocations,
    allocationsMax: Math.min(limits.allocationsMax, allocations + relayPortsFree),
    connections,
    connectionsMax: limits.connectionsMax,
  };
}
