// What the mesh's signaling counts.
import type { Metrics } from '@relay-swarm/kit';
import { Tally } from '../counters.ts';
import type { Rooms } from './rooms.ts';

export class MeshCounters {
  framesIn = 0;
  signals = 0;
  statuses = 0;
  readonly refused = new Tally();
  readonly closed = new Tally();

  register(metrics: Metrics, rooms: Rooms): void {
    metrics.gauge('mesh_rooms', 'Mesh rooms', () => rooms.rooms);
    metrics.gauge('mesh_members', 'Members of mesh rooms', () => rooms.members);
    metrics.gauge('mesh_members_away', 'Members whose connection broke a moment ago', () => rooms.away);
    metrics.counter('mesh_frames_in_total', 'Frames received from members', () => this.framesIn);
    metrics.counter('mesh_signals_total', 'Signals between members', () => this.signals);
    metrics.counter('mesh_statuses_total', 'Statuses received from members', () => this.statuses);
    metrics.counter(
      'mesh_fallback_bytes_total',
      'Bytes passed on to members that their mesh did not reach',
      () => rooms.fallbackBytes,
    );
    const byReason = (name: string, help: string, tally: Tally): void =>
      metrics.counter(name, help, () => tally.counts, 'reason');
    byReason('mesh_refused_total', 'Requests of members not done', this.refused);
    byReason('mesh_sockets_closed_total', 'Mesh sockets closed', this.closed);
  }
}
