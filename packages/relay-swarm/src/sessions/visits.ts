// Visits: short connections that prove a member's URL and compare tables. Ours to others, and others' to us.
import type { RelayRecord } from '@relay-swarm/protocol';
import type { NodeCounters } from '../counters.ts';
import type { Membership } from '../membership/membership.ts';
import type { NodeOptions } from '../node-options.ts';
import type { RelayTable } from '../roster/relay-table.ts';
import type { RelayConnection } from './relay-connection.ts';
import { CLOSE } from './session.ts';
import type { SessionTable } from './session-table.ts';
import type { Wire, WireListener } from './wire.ts';

/** The relay that we dial, and its URL; with a record it is a visit. */
export interface Dialled {
  readonly id: string;
  readonly url: string;
  readonly visit?: RelayRecord;
}

export interface VisitsOptions {
  readonly node: NodeOptions;
  readonly counters: NodeCounters;
  readonly relays: RelayTable;
  readonly sessions: SessionTable;
  readonly membership: Membership;
  /** Whether the member gets a session instead, as all do in a small swarm. */
  readonly wantsSession: () => boolean;
  readonly open: (wire: Wire, dialled: Dialled) => WireListener;
}

/** Visits are short: our own, and others' here. */
const VISIT_MS_MAX = 8_000;
const GUEST_MS_MAX = 20_000;
const GUESTS_MAX = 64;

export class Visits {
  readonly #options: VisitsOptions;
  readonly #visiting = new Set<string>();

  constructor(options: VisitsOptions) {
    this.#options = options;
  }

  /** Dials a member. */
  begin(record: RelayRecord): void {
    const { node, counters, relays, membership, wantsSession, open } = this.#options;
    const { id, url } = record.descriptor;
    const { network, monotonicMs, log } = node;
    if (this.#visiting.has(id)) return;
    if (wantsSession()) {
      if (relays.offer(record.descriptor, 'table', monotonicMs()) === 'refused')
        membership.failed(id, monotonicMs());
      else relays.hint(id, monotonicMs());
      return;
    }
    this.#visiting.add(id);
    counters.visits++;
    network
      .dial(`${url}/relay`, (wire) => open(wire, { id, url, visit: record }))
      .catch((error: unknown) => {
        if (log.isDebug) log.debug('cannot visit a relay', { url, error });
        this.#failed(id, undefined);
      });
  }

  /** Our visit has reached the relay at its URL. */
  reached(connection: RelayConnection, record: RelayRecord, nowMs: number): void {
    const { node, relays, membership } = this.#options;
    const { id } = record.descriptor;
    const { address, session } = connection;
    const relay = relays.get(id);
    // The relay was lost and is alive: until it has a session again, what others say of it counts
    if (relay?.liveness.isConnected === false && relay.liveness.isSeen(nowMs)) relays.released(id, nowMs);
    if (!membership.proven(record, address, nowMs) || session.peer.version === 1) {
      connection.close(CLOSE.done, 'goodbye');
      return;
    }
    const sign = (text: string): string => node.self.sign(text);
    connection.send({ action: 'vouch', vouch: membership.vouchFor(address, sign, record.descriptor) });
    membership.joined(connection.peer!, nowMs, true);
  }

  /** Another relay visits this one. */
  receive(connection: RelayConnection, nowMs: number): void {
    let guests = 0;
    for (const { peer, session } of this.#options.sessions.connections) {
      if (peer?.isVisit === true && session.role === 'acceptor') guests++;
    }
    if (guests > GUESTS_MAX) connection.close(CLOSE.done, 'too many visits');
    else this.#options.membership.joined(connection.peer!, nowMs);
  }

  /** Ends a visit that has lasted long enough. */
  age(connection: RelayConnection, nowMs: number): void {
    const msMax = connection.session.role === 'dialler' ? VISIT_MS_MAX : GUEST_MS_MAX;
    if (nowMs - connection.provenAtMs > msMax) connection.close(CLOSE.done, 'goodbye');
  }

  /** Our visit is over. */
  closed(id: string, isProven: boolean, code: number): void {
    this.#visiting.delete(id);
    if (!isProven) this.#failed(id, code);
  }

  /** `code`: with which it closed before it had proven its key; undefined where it could not be dialled. */
  #failed(id: string, code: number | undefined): void {
    const { node, counters, relays, membership } = this.#options;
    const nowMs = node.monotonicMs();
    this.#visiting.delete(id);
    counters.visitsFailed++;
    if (relays.get(id)?.liveness.isConnected === false) relays.failed(id, nowMs);
    if (code === CLOSE.wrongKey) membership.refuted(id, nowMs);
    else membership.failed(id, nowMs);
  }
}
