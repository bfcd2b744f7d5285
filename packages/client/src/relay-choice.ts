// The k relays of one info hash or room, at every moment: the next of the ranking steps in for one that fails, and gives way when it is back.
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { ClientError } from './errors.ts';
import type { DownReason } from './relay-socket.ts';
import { RelaySockets } from './relay-sockets.ts';
import { RELAYS_PER_KEY, type Roster } from './roster.ts';
import { TypedEvents } from './typed-events.ts';

export interface RelayChange {
  /** What a socket has seen; `roster`: the roster says so; `back`: a better one answers again. */
  readonly reason: DownReason | 'roster' | 'back';
  readonly added: readonly RosterRelay[];
  readonly removed: readonly RosterRelay[];
  readonly relays: readonly RosterRelay[];
}

export interface RelayChoiceEvents {
  relaychange: RelayChange;
}

export interface RelayChoiceOptions {
  /** How many relays; 3 where nothing is said. */
  readonly k?: number;
  /** Only relays that this is true for, such as those with a PeerJS server. */
  readonly offers?: (relay: RosterRelay) => boolean;
  readonly signal?: AbortSignal;
  readonly sockets?: RelaySockets;
}

export class RelayChoice extends TypedEvents<RelayChoiceEvents> {
  readonly key: string;
  readonly #roster: Roster;
  readonly #sockets: RelaySockets;
  readonly #k: number;
  readonly #offers: (relay: RosterRelay) => boolean;
  readonly #ended = new AbortController();
  #relays: readonly RosterRelay[] = [];
  #held: readonly RosterRelay[] = [];
  #isLookedUp = false;

  constructor(roster: Roster, key: string, options: RelayChoiceOptions = {}) {
    super();
    this.key = key;
    this.#roster = roster;
    this.#sockets = options.sockets ?? RelaySockets.of(roster);
    this.#k = options.k ?? RELAYS_PER_KEY;
    this.#offers = options.offers ?? (() => true);
    this.#relays = roster.ranked(key, this.#k, this.#offers);
    this.#hold();
    roster.on('change', () => this.review(), { signal: this.#ended.signal });
    for (const signal of [options.signal, roster.signal])
      signal?.addEventListener('abort', () => this.close(), { signal: this.#ended.signal });
    if (options.signal?.aborted === true) this.close();
    else this.#lookUp();
  }

  /** The relays in use, the first of the ranking first. */
  get relays(): readonly RosterRelay[] {
    return this.#relays;
  }

  /** Aborts when the choice is closed. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(new ClientError('CLOSED', 'Cannot go on: this choice of relays was closed'));
    for (const relay of this.#held) this.#sockets.release(relay);
    this.#held = [];
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** Chooses anew. To be called where the answers of `offers` have changed; the roster's own changes are seen without. */
  review(): void {
    if (this.#ended.signal.aborted) return;
    this.#lookUp();
    const before = this.#relays;
    const after = this.#roster.ranked(this.key, this.#k, this.#offers);
    const added = after.filter((relay) => !has(before, relay));
    const removed = before.filter((relay) => !has(after, relay));
    this.#relays = after;
    this.#hold();
    if (added.length === 0 && removed.length === 0) return;
    const failed = removed
      .map((relay) => this.#sockets.reasonOf(relay))
      .find((reason) => reason !== undefined);
    const gaveWay = removed.some((relay) => this.#roster.isUsable(relay));
    this.emit('relaychange', {
      reason: failed ?? (gaveWay ? 'back' : 'roster'),
      added,
      removed,
      relays: after,
    });
  }

  /** Of a swarm too large for one list the relays of this key are asked for, once; what comes is a change like any other. */
  #lookUp(): void {
    if (this.#isLookedUp || !this.#roster.isPartial) return;
    this.#isLookedUp = true;
    this.#roster.lookUp(this.key, { k: this.#k }).catch(() => undefined); // each refresh of the roster asks again
  }

  /** A socket to each relay in use, and to those that would be if they answered, so that their return is noticed. */
  #hold(): void {
    const wished = this.#roster.ranking(this.key).filter(this.#offers).slice(0, this.#k);
    const held = [...this.#relays, ...wished.filter((relay) => !has(this.#relays, relay))];
    const before = this.#held;
    this.#held = held;
    for (const relay of held) if (!has(before, relay)) this.#sockets.hold(relay);
    for (const relay of before) if (!has(held, relay)) this.#sockets.release(relay);
  }
}

const has = (list: readonly RosterRelay[], { id }: RosterRelay): boolean => list.some((one) => one.id === id);
