// What an operator sees of the relay swarm.
import type { Metrics } from '@relay-swarm/kit';
import { RELAY_STATES, type RelayState } from '@relay-swarm/protocol';
import type { Discovery } from './discovery/discovery.ts';
import type { RelayNode } from './relay-node.ts';

export interface RelayMetricsSources {
  readonly node: RelayNode;
  readonly discovery: Discovery;
  readonly load: () => number;
  readonly state: () => RelayState;
}

export function registerRelayMetrics(metrics: Metrics, sources: RelayMetricsSources): void {
  const { node, discovery, load, state } = sources;
  const { counters } = node;
  metrics.gauge('relay_load', "This relay's load, from 0 to 1", load);
  metrics.gauge(
    'relay_state',
    "1 for this relay's state, 0 for the others",
    () => Object.fromEntries(RELAY_STATES.map((one) => [one, one === state() ? 1 : 0])),
    'state',
  );
  metrics.gauge(
    'relay_roster_relays',
    'Relays that browsers are told of, this one included',
    () => node.roster().relays.length,
  );
  const { membership } = node;
  metrics.gauge(
    'relay_members',
    'Relays in the table of all, this one included',
    () => membership.table.size,
  );
  metrics.gauge(
    'relay_unproven',
    'Relays heard of that nothing speaks for yet',
    () => membership.unproven.size,
  );
  metrics.gauge('relay_down', 'Relays that have stopped to answer', () => membership.down.size);
  metrics.gauge('relay_suspected', 'Members that are being looked at', () => membership.suspected);
  metrics.gauge(
    'relay_discredited',
    'Relays whose word about others does not count any more',
    () => membership.discredited.length + membership.slanderers.length,
  );
  metrics.counter('relay_visits_total', 'Members dialled to be looked at', () => counters.visits);
  metrics.counter('relay_visits_failed_total', 'Visits in vain', () => counters.visitsFailed);
  metrics.gauge('relay_sessions', 'Open sessions with other relays', () => node.sessions);
  metrics.gauge('relay_known', 'Relays that it has sessions with, dials or has dialled', () => node.relays);
  metrics.gauge('relay_candidates', 'Addresses that may be relays', () => node.candidates);
  metrics.counter('relay_frames_received_total', 'Frames from other relays', () => counters.framesReceived);
  metrics.counter('relay_frames_sent_total', 'Frames to other relays', () => counters.framesSent);
  metrics.counter('relay_bytes_received_total', 'Payload from other relays', () => counters.bytesReceived);
  metrics.counter('relay_bytes_sent_total', 'Payload to other relays', () => counters.bytesSent);
  metrics.counter('relay_dials_total', 'Relays dialled', () => counters.dials);
  metrics.counter('relay_dials_failed_total', 'Relays dialled in vain', () => counters.dialsFailed);
  metrics.counter('relay_fetches_total', 'Candidates asked who they are', () => counters.fetches);
  metrics.counter(
    'relay_fetches_failed_total',
    'Candidates that did not answer well',
    () => counters.fetchesFailed,
  );
  metrics.counter(
    'relay_descriptors_refused_total',
    'Descriptors that were wrong, foreign or too many',
    () => counters.descriptorsRefused,
  );
  metrics.counter(
    'relay_statuses_refused_total',
    'Health snapshots that were wrong or no news',
    () => counters.statusesRefused,
  );
  metrics.counter(
    'relay_upgrades_refused_total',
    'Relays turned away at the door',
    () => counters.upgradesRefused,
  );
  metrics.counter(
    'relay_sessions_closed_total',
    'Sessions ended, by WebSocket close code',
    () => Object.fromEntries(counters.closes),
    'code',
  );
  metrics.counter('dht_lookups_total', 'Lookups in the DHT', () => discovery.counters.lookups);
  metrics.counter(
    'dht_candidates_total',
    'Candidates that lookups yielded',
    () => discovery.counters.candidates,
  );
  metrics.counter(
    'dht_datagrams_dropped_total',
    'Datagrams above the rate',
    () => discovery.counters.datagramsDropped,
  );
  metrics.counter(
    'dht_faults_total',
    'Datagrams that no DHT node should send',
    () => discovery.counters.faults,
  );
  metrics.counter(
    'dht_restarts_total',
    'Times the DHT was opened again because a lookup hung',
    () => discovery.counters.restarts,
  );
  metrics.gauge('dht_nodes', 'DHT nodes known', () => discovery.nodes().length);
}
