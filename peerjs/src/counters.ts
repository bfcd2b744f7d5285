// What the service counts, as plain numbers, and the metrics that read them.
import type { Metrics } from '@relay-swarm/kit';

/** Counts by a label. Its values are chosen by us, never by a client. */
export class Tally {
  readonly #counts: Record<string, number> = {};

  add(label: string): void {
    this.#counts[label] = (this.#counts[label] ?? 0) + 1;
  }

  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }
}

export class Counters {
  framesIn = 0;
  heartbeats = 0;
  framesOut = 0;
  rests = 0;
  replaced = 0;
  /** Frames that went no further, by reason. */
  readonly refusedFrames = new Tally();
  /** Requests and upgrades that were not served, by reason. */
  readonly refusedRequests = new Tally();
  /** Sockets that we closed, by reason. */
  readonly closed = new Tally();
  readonly socketErrors = new Tally();

  register(metrics: Metrics): void {
    metrics.counter('frames_in_total', 'Frames received from clients', () => this.framesIn);
    metrics.counter('heartbeats_total', 'Heartbeats among the frames received', () => this.heartbeats);
    metrics.counter('frames_out_total', 'Frames sent to clients', () => this.framesOut);
    metrics.counter(
      'rests_total',
      'Times that an eager client was made to wait, for its debt or for a turn',
      () => this.rests,
    );
    metrics.counter('replaced_total', 'Sockets replaced by a newer one', () => this.replaced);
    const byReason = (name: string, help: string, tally: Tally): void =>
      metrics.counter(name, help, () => tally.counts, 'reason');
    byReason('frames_refused_total', 'Frames that went no further', this.refusedFrames);
    byReason('requests_refused_total', 'Requests and upgrades not served', this.refusedRequests);
    byReason('sockets_closed_total', 'Sockets closed by this server', this.closed);
    byReason('socket_errors_total', 'Faults of the WebSocket protocol or the network', this.socketErrors);
  }
}
