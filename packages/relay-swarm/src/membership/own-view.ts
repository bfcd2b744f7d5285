// With whom this relay has sessions: it dials members for free places, makes room for newcomers and renews old sessions. Whom it picks: view.ts.
import type { NodeOptions } from '../node-options.ts';
import type { Gossip } from '../gossip/gossip.ts';
import type { RelayTable } from '../roster/relay-table.ts';
import type { RelayConnection } from '../sessions/relay-connection.ts';
import { CLOSE } from '../sessions/session.ts';
import type { SessionTable } from '../sessions/session-table.ts';
import type { SignedDescriptor } from '@relay-swarm/protocol';
import type { Membership } from './membership.ts';
import { placeOf } from './place-of.ts';
import {
  chooseToDial,
  ISOLATED_SESSIONS,
  Renewal,
  Replacement,
  soughtSessions,
  type ViewPeer,
} from './view.ts';

export interface OwnViewOptions {
  readonly node: NodeOptions;
  readonly relays: RelayTable;
  readonly sessions: SessionTable;
  readonly membership: Membership;
  readonly gossip: Gossip;
}

/** Members drawn for a place in the view; the first whose network is new there is taken. */
const VIEW_CANDIDATES = 4;

export class OwnView {
  readonly #options: OwnViewOptions;
  readonly #replacement = new Replacement();
  readonly #renewal: Renewal;
  /** Sessions that we have chosen ourselves; they are not ended for others. */
  readonly #chosen = new Set<string>();

  constructor(options: OwnViewOptions) {
    const { monotonicMs, random, periodMs } = options.node;
    this.#options = options;
    this.#renewal = new Renewal(monotonicMs() + random() * periodMs);
  }

  /** Whether all relays are few enough to have a session with each. */
  get isMesh(): boolean {
    return this.#othersKnown <= this.#options.node.sessionsMax;
  }

  get #othersKnown(): number {
    return this.#options.membership.table.size - 1;
  }

  get isFull(): boolean {
    return this.#options.sessions.view.length >= this.#options.node.sessionsMax;
  }

  /** Offers members to the table of relays where sessions are wanted; how many more may be dialled. */
  fill(nowMs: number): number {
    const { node, relays, sessions, membership } = this.#options;
    const { sessionsMax, random, self } = node;
    const view = sessions.view.length;
    const { table } = membership;
    if (this.isMesh) {
      for (const { record } of table.all()) {
        const { id } = record.descriptor;
        if (id !== self.id && relays.get(id) === undefined) this.#take(record.descriptor, nowMs);
      }
      return sessionsMax - view;
    }
    const left = soughtSessions(this.#othersKnown, sessionsMax) - view;
    if (left <= 0) {
      this.#renew(nowMs);
      return 0;
    }
    const candidates = Array.from({ length: VIEW_CANDIDATES }, () => table.pick(random)).filter(
      (one) =>
        one !== undefined &&
        one.record.descriptor.id !== self.id &&
        relays.get(one.record.descriptor.id) === undefined,
    );
    const chosen = chooseToDial(candidates, (one) => table.networkOf(one!.start), this.#peers());
    if (chosen !== undefined) this.#take(chosen.record.descriptor, nowMs);
    return left;
  }

  #take(descriptor: SignedDescriptor, nowMs: number): void {
    this.#options.relays.offer(descriptor, 'table', nowMs);
    this.#chosen.add(descriptor.id);
  }

  /** No place is free. */
  #renew(nowMs: number): void {
    const { relays, sessions, membership } = this.#options;
    // A relay learnt of elsewhere that gets no session here is checked when it is due
    for (const { descriptor, introducer, liveness } of relays.all()) {
      if (!liveness.isSeen(nowMs)) membership.consider(descriptor, introducer, nowMs);
    }
    // Relays of version 1 take a closed session for a lost one
    const peers = this.#peers().filter(({ id }) => sessions.get(id)?.session.peer.version !== 1);
    const old = this.#renewal.choose(peers, nowMs);
    if (old !== undefined) this.#giveUp(old.id, CLOSE.done, 'a view is renewed now and then', nowMs);
  }

  /** Makes room for a relay that no other relay has let in. The relay whose session is ended is alive and dials another one. */
  makeRoom({ address, id = '', session }: RelayConnection, nowMs: number): boolean {
    const { allowPrivate, random } = this.#options.node;
    const { version, sessions = Infinity } = session.peer;
    if (version === 1 || sessions >= ISOLATED_SESSIONS) return false;
    const { network } = placeOf(address, id, allowPrivate);
    const gone = this.#replacement.choose(this.#peers(), network, nowMs, random);
    return gone !== undefined && this.#giveUp(gone.id, CLOSE.replaced, 'a newcomer needs the place', nowMs);
  }

  /** A session is over. */
  left(id: string): void {
    this.#chosen.delete(id);
  }

  #peers(): ViewPeer[] {
    return this.#options.sessions.view.map((connection) => {
      const { id = '', address, provenAtMs: sinceMs } = connection;
      const { network } = placeOf(address, id, this.#options.node.allowPrivate);
      return { id, network, isChosen: this.#chosen.has(id), sinceMs };
    });
  }

  /** Ends a session with a relay that is well; false where there is none. */
  #giveUp(id: string, code: number, reason: string, nowMs: number): boolean {
    const { relays, sessions, membership, gossip } = this.#options;
    const connection = sessions.get(id);
    if (connection === undefined) return false;
    gossip.answer(connection, new Set(), nowMs);
    connection.close(code, reason);
    sessions.drop(id);
    membership.left(connection.peer!, false, nowMs);
    this.#chosen.delete(id);
    relays.released(id, nowMs);
    return true;
  }
}
