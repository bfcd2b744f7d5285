// The relays that a page can use: from several sources, remembered between visits, refreshed, ranked by info hash or room.
import {
  ROSTER_RELAYS_MAX,
  type Roster as RosterAnswer,
  type RosterRelay,
} from '@relay-swarm/protocol/roster';
import { abortable } from './abortable.ts';
import { ClientError } from './errors.ts';
import { IceServers } from './ice-servers.ts';
import { KnownRelays, type Offers } from './known-relays.ts';
import { readMeeting } from './magnet.ts';
import { httpBase, type Fetch, type SourceAnswer } from './relay-source.ts';
import { pageStore, readRemembered, remember, type TextStore } from './roster-cache.ts';
import { RosterSources } from './roster-sources.ts';
import { TypedEvents } from './typed-events.ts';

/** How many relays the peers of one key use: two who miss a tenth of the relays still meet in 99.8 % of cases. */
export const RELAYS_PER_KEY = 3;
const LOOKED_UP_MAX = 32;
/** The part that a new measurement has in what is believed of a round trip (as TCP's, RFC 6298 §2). */
const ROUND_TRIP_GAIN = 1 / 8;

export interface RosterOptions {
  /** Ends everything, as close() does. */
  readonly signal?: AbortSignal;
  /** Ids of relays; a source that is none of these is not believed. */
  readonly pinnedKeys?: readonly string[];
  /** Where the roster is remembered; null: nowhere. Default: localStorage where there is one. */
  readonly store?: TextStore | null;
  /** How often sources are asked again. Default 60, spread over half of it. */
  readonly refreshSeconds?: number;
  readonly fetch?: Fetch;
  readonly now?: () => number;
  readonly random?: () => number;
}

export interface RosterEvents {
  /** Who is there, where, or how has changed. */
  change: { readonly relays: readonly RosterRelay[] };
  /** A source was not believed or did not answer. The roster goes on with the others. */
  sourceerror: { readonly source: string; readonly error: Error };
  /** A URL is answered by another key than before: a new relay in its place, or somebody between. */
  keychange: { readonly source: string; readonly before: string; readonly now: string };
}

export class Roster extends TypedEvents<RosterEvents> {
  readonly #sources: RosterSources;
  readonly #options: RosterOptions;
  readonly #fetch: Fetch;
  readonly #now: () => number;
  readonly #store: TextStore | undefined;
  readonly #known = new KnownRelays();
  readonly #ice: IceServers;
  readonly #closed = new AbortController();
  readonly #roundTripsMs = new Map<string, number>();
  /** Keys whose relays were asked for by name, with their k. */
  readonly #lookedUp = new Map<string, number>();
  #total = 0;
  #swarm = '';
  #last: RosterAnswer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshing: Promise<void> | undefined;

  private constructor(sources: readonly string[], options: RosterOptions) {
    super();
    this.#options = options;
    this.#fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.#now = options.now ?? Date.now;
    this.#store = options.store === undefined ? pageStore() : (options.store ?? undefined);
    this.#ice = new IceServers(this.#fetch, this.#now);
    const { roster, keys } = readRemembered(this.#store);
    this.#sources = new RosterSources({
      urls: sources,
      keys,
      pinnedKeys: options.pinnedKeys,
      fetch: this.#fetch,
      now: this.#now,
      signal: this.signal,
      onError: (source, error) => this.emit('sourceerror', { source, error }),
      onKeyChange: (source, before, now) => this.emit('keychange', { source, before, now }),
    });
    if (roster !== undefined) this.#known.merge(roster, this.#now());
    options.signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  /**
   * The roster from one or more relays: any of their URLs (`https://tracker.a.example`, `wss://…`). Resolves with what is remembered at once,
   * else with the first answer. Rejects with NO_ROSTER where nothing is remembered and nobody answers, BAD_ARGUMENT, or AbortError.
   */
  static async load(sources: string | readonly string[], options: RosterOptions = {}): Promise<Roster> {
    options.signal?.throwIfAborted();
    const list = typeof sources === 'string' ? [sources] : sources;
    if (list.length === 0)
      throw new ClientError('BAD_ARGUMENT', 'Cannot load a roster: wanted the URL of at least one relay');
    const roster = new Roster(list, options);
    const asking = roster.refresh();
    if (roster.relays.length > 0) asking.catch(() => undefined);
    else {
      await asking.catch((error: unknown) => {
        roster.close();
        throw error;
      });
    }
    return roster;
  }

  /** All that are known, in no order that means anything. */
  get relays(): RosterRelay[] {
    return this.#known.all;
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** The id of the relay that has answered at this address (a source, or any URL of a relay), which need not be the one it lists itself under. */
  idAt(address: string): string | undefined {
    return this.#sources.keys[httpBase(address)];
  }

  /** All relays in the order of this key (`infoHashKey()`, `textKey()`), healthy or not. */
  ranking(key: string): RosterRelay[] {
    return this.#known.ranking(key);
  }

  /** The k relays that the peers of this key use now; of those that `offers` is true for, where only some have the service. */
  ranked(key: string, k = RELAYS_PER_KEY, offers?: Offers): RosterRelay[] {
    return this.#known.firstUsable(key, k, this.#now(), offers);
  }

  isUsable(relay: RosterRelay): boolean {
    return this.#known.isUsable(relay, this.#now());
  }

  /** For `announce`: the k relays of this torrent, and every WebSocket tracker that the magnet names, each once. */
  announceUrls(magnetOrInfoHash: string, { k = RELAYS_PER_KEY }: { k?: number } = {}): string[] {
    const { infoHash, trackers } = readMeeting(magnetOrInfoHash);
    const urls = [...this.ranked(infoHash, k).map(({ url }) => url), ...trackers];
    return [...new Map(urls.map((url) => [url.replace(/\/$/, ''), url])).values()];
  }

  /** For `new RTCPeerConnection({ iceServers })`: of the two fastest relays, with at least a quarter of the credentials' life left. */
  async iceServers({ signal }: { signal?: AbortSignal } = {}): Promise<RTCIceServer[]> {
    signal?.throwIfAborted();
    const usable = this.relays.filter((relay) => relay.iceServers !== undefined && this.isUsable(relay));
    // Where nothing is measured, whose load is lowest comes first: only the first few are asked.
    usable.sort((a, b) => a.load - b.load);
    const offers = usable.flatMap(({ id, iceServers: url }) =>
      url === undefined ? [] : [{ url, roundTripMs: this.#roundTripsMs.get(id) }],
    );
    const asked = this.#ice.get(offers);
    return [...(await abortable(asked, signal)).iceServers];
  }

  /** Gives this connection new credentials before its own expire, for as long as it lives. Ends with the connection, the signal or the roster. */
  keepIceFresh(connection: RTCPeerConnection, { signal }: { signal?: AbortSignal } = {}): void {
    const isOver = (): boolean =>
      this.isClosed || signal?.aborted === true || connection.signalingState === 'closed';
    const wait = (): void => {
      const inMs = Math.max(1_000, (this.#ice.renewAtMs ?? 0) - this.#now());
      unref(setTimeout(() => void renew(), Math.min(inMs, 2 ** 31 - 1)));
    };
    const renew = async (): Promise<void> => {
      if (isOver()) return;
      const iceServers = await this.iceServers().catch(() => undefined); // asked again a second later
      if (isOver()) return;
      if (iceServers !== undefined)
        connection.setConfiguration({ ...connection.getConfiguration(), iceServers });
      wait();
    };
    wait();
  }

  /** What a connection has seen of a relay counts before what the roster says of it. */
  report(relay: { readonly id: string }, isAlive: boolean): void {
    const known = this.#known.get(relay.id);
    if (known === undefined) return;
    const wasUsable = this.isUsable(known);
    this.#known.report(relay.id, isAlive, this.#now());
    if (this.isUsable(known) !== wasUsable) this.emit('change', { relays: this.relays });
  }

  /** What a socket has measured: a question to this relay and its answer. */
  measured(relay: { readonly id: string }, ms: number): void {
    const before = this.#roundTripsMs.get(relay.id) ?? ms;
    this.#roundTripsMs.set(relay.id, before + (ms - before) * ROUND_TRIP_GAIN);
  }

  /** Undefined where no socket to this relay has been open. */
  roundTripMsOf(relay: { readonly id: string }): number | undefined {
    return this.#roundTripsMs.get(relay.id);
  }

  /** Whether there are more relays than any of them lists (512): then each key's relays have to be looked up. */
  get isPartial(): boolean {
    return this.#total > this.relays.length;
  }

  /**
   * Asks for the first relays of this key's ranking over the whole swarm, and again with each refresh. Needed before `ranked()` and
   * `announceUrls()` where `isPartial`; a RelayChoice does it by itself. Rejects with NO_ROSTER where nobody answers.
   */
  async lookUp(
    key: string,
    { k = RELAYS_PER_KEY, signal }: { k?: number; signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#lookedUp.delete(key);
    this.#lookedUp.set(key, k);
    for (const oldest of this.#lookedUp.keys()) {
      if (this.#lookedUp.size <= LOOKED_UP_MAX) break;
      this.#lookedUp.delete(oldest);
    }
    await abortable(this.#askAll(`?key=${key}&k=${k}`), signal);
  }

  /** Takes in a roster that came another way, such as the body of a 503 or the `relays` of an announce reply. */
  take(roster: RosterAnswer, ageMs?: number): void {
    if (this.#known.merge(roster, this.#now(), ageMs)) this.emit('change', { relays: this.relays });
  }

  /** Asks the sources now. Rejects with NO_ROSTER where nobody answers, CLOSED, or the signal's reason. */
  async refresh({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      this.#schedule();
    });
    await abortable(this.#refreshing, signal);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closed.abort(new ClientError('CLOSED', 'Cannot use this roster: it was closed'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** Aborts when the roster is closed. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  async #refresh(): Promise<void> {
    await this.#askAll('');
    if (!this.isPartial) return;
    for (const [key, k] of this.#lookedUp) await this.#askAll(`?key=${key}&k=${k}`).catch(() => undefined);
  }

  async #askAll(query: string): Promise<void> {
    const others = this.relays.map(({ url }) => url);
    await this.#sources.ask(others, query, (answer) => this.#believe(answer, query));
    const relays = this.relays.slice(0, ROSTER_RELAYS_MAX);
    if (this.#last !== undefined)
      remember(this.#store, { roster: { ...this.#last, relays }, keys: this.#sources.keys });
  }

  #believe({ roster, ageMs }: SourceAnswer, query: string): void {
    if (this.#swarm !== '' && roster.swarm !== this.#swarm)
      throw new ClientError(
        'BAD_ANSWER',
        `Cannot use relay ${roster.self}: it belongs to swarm "${roster.swarm}", not "${this.#swarm}"`,
      );
    this.#swarm = roster.swarm;
    this.#last = roster;
    if (query === '') this.#total = roster.total ?? 0;
    this.take(roster, ageMs);
  }

  #schedule(): void {
    if (this.isClosed) return;
    clearTimeout(this.#timer);
    const seconds = this.#options.refreshSeconds ?? 60;
    const isEmpty = this.relays.length === 0;
    const spread = 0.75 + (this.#options.random ?? Math.random)() / 2;
    this.#timer = setTimeout(
      () => void this.refresh().catch(() => undefined),
      (isEmpty ? 2 : seconds) * 1000 * spread,
    );
    unref(this.#timer);
  }
}

/** Node must be able to end while a timer waits; a browser's timer is a number. */
function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
