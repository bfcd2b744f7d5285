// A room, as applications use it. Long because all that they can do with a room stands here, in one place.
import { ProtocolError } from '@relay-swarm/protocol/fields';
import { Driver, type DriverOptions } from './driver.ts';
import { Budget } from './engine/budget.ts';
import type { EngineAction } from './engine/events.ts';
import { engineDefaults } from './engine/options.ts';
import type { EngineStats } from './engine/stats.ts';
import { readEnvelope, writeEnvelope, type Data, type Envelope } from './envelope.ts';
import { MeshError } from './errors.ts';
import { Inbox } from './inbox.ts';
import { Latest } from './latest.ts';
import { Pending } from './pending.ts';
import { viewOf, type RoomView } from './room-view.ts';
import { serverUrls } from './server-urls.ts';

export interface Message {
  readonly from: string;
  readonly channel: string;
  readonly data: Data;
  /** Sent to us alone. */
  readonly isDirect: boolean;
  /** Links that it has travelled. */
  readonly hops: number;
}

export interface RoomEvents {
  message: Message;
  memberjoined: { readonly id: string };
  memberleft: { readonly id: string };
  /** Links, members or round-trip times have changed. */
  viewchanged: undefined;
  server: { readonly url: string; readonly isJoined: boolean };
  /** A server has not done something, and says why. */
  refused: { readonly url: string; readonly what: string; readonly detail: string };
  /** A packet came by: who made it, from whom we have it. */
  passed: { readonly source: string; readonly from: string; readonly hops: number };
  left: undefined;
}

export interface RoomStats extends Readonly<EngineStats> {
  readonly links: readonly {
    readonly peer: string;
    readonly rttMs: number;
    readonly waitingBytes: number;
    readonly sentBytes: number;
    readonly receivedBytes: number;
  }[];
}

type Handler = (data: Data, from: string) => Data | undefined | Promise<Data | undefined>;
interface Waiting {
  readonly signal?: AbortSignal;
}

/** Past this much on a link, `broadcast` waits: what is sent faster than it leaves only grows old. */
const WAITING_BYTES = 1_048_576;
const OWN_SHARE = 0.8;
const PAUSE_MS = 20;
/** Until a direct message is sent again, over every link then. */
const AGAIN_MS = [800, 2_000, 4_000] as const;
const SENT_KEPT = 2_048;
const GOODBYE_MS = 150;
/** Until a first link, or what there is to say is said without. */
const ARRIVING_MS = 10_000;

export interface RoomOptions extends Omit<
  DriverOptions,
  'report' | 'refused' | 'serverChanged' | 'signalThroughMesh'
> {
  readonly name: string;
  /** Messages are sealed with the room's key. */
  readonly isSealed: boolean;
}

export class Room extends EventTarget {
  readonly name: string;
  readonly id: string;
  readonly #options: RoomOptions;
  readonly #driver: Driver;
  readonly #inboxes = new Map<Inbox<Message>, string | undefined>();
  readonly #handlers = new Map<string, Handler>();
  readonly #pending = new Pending();
  readonly #taken = new Set<string>();
  readonly #latest = new Latest();
  readonly #ownBudget: Budget;
  readonly #messageBytesMax: number;
  readonly #enteredAtMs = performance.now();
  #hasLinked = false;
  #isLeft = false;

  /** Use `join`. */
  constructor(options: RoomOptions) {
    super();
    this.name = options.name;
    this.id = options.identity.id;
    this.#options = options;
    const all = { ...engineDefaults, ...options.engine };
    this.#messageBytesMax = all.messageBytesMax;
    this.#ownBudget = new Budget({
      bytesPerSecond: OWN_SHARE * all.sourceBytesPerSecond,
      packetsPerSecond: OWN_SHARE * all.sourcePacketsPerSecond,
    });
    this.#driver = new Driver({
      ...options,
      report: (action) => this.#report(action),
      refused: ({ what, detail }, url) => this.#emit('refused', { url, what, detail }),
      serverChanged: (url, isJoined) => this.#emit('server', { url, isJoined }),
      signalThroughMesh: (to, sealed) =>
        void this.#direct(to, { kind: 'signal', id: 0, channel: '', data: sealed }, false),
    });
  }

  get members(): readonly string[] {
    return [...this.#driver.engine.view.ids()].filter((id) => id !== this.id);
  }

  get links(): readonly string[] {
    return [...this.#driver.engine.links.keys()];
  }

  get servers(): readonly { readonly url: string; readonly isJoined: boolean }[] {
    return this.#driver.servers.map(({ url, isJoined }) => ({ url, isJoined }));
  }

  /** What servers know the room by: the key of its relays, made from name and password. */
  get address(): string {
    return this.#options.secrets.address;
  }

  /** From now on these servers introduce members, wherever the room was before. Links are not touched. */
  useServers(signaling: string | readonly string[]): void {
    if (!this.#isLeft) this.#driver.useServers(serverUrls(signaling));
  }

  get view(): RoomView {
    return viewOf(this.#driver.engine, this.id);
  }

  get stats(): RoomStats {
    const { stats, links } = this.#driver.engine;
    return {
      ...stats,
      links: [...links.values()].map(({ peer, rttMs, waitingBytes, sentBytes, receivedBytes }) => ({
        peer,
        rttMs,
        waitingBytes,
        sentBytes,
        receivedBytes,
      })),
    };
  }

  /**
   * To everybody in the room. Resolves when it is on its way, which takes time where links are busy.
   * `isLatest`: of what we send on this channel only the newest counts, such as a cursor's place. Receivers drop what comes after a newer one,
   * and where the links are busy, what a newer one has overtaken here is not sent at all.
   */
  async broadcast(
    data: Data,
    options: Waiting & { channel?: string; isOrdered?: boolean; isLatest?: boolean } = {},
  ): Promise<void> {
    const { channel = '', isOrdered = false, isLatest = false, signal } = options;
    this.#mustBeIn();
    const id = isLatest ? this.#latest.next(channel) : 0;
    const payload = await this.#seal({ kind: isLatest ? 'latest' : 'message', id, channel, data });
    await this.#roomFor(payload.length, signal);
    if (isLatest && this.#latest.isOvertaken(channel, id)) return;
    this.#driver.tell({ type: 'broadcast', payload, isOrdered });
  }

  /** To one member. Resolves when that member has it; rejects with UNREACHABLE where it does not answer. */
  async send(to: string, data: Data, options: Waiting & { channel?: string } = {}): Promise<void> {
    const { channel = '', signal } = options;
    await this.#ask(
      to,
      'send',
      channel,
      data,
      signal,
      AGAIN_MS.reduce((sum, ms) => sum + ms, 0),
    );
  }

  /** Asks one member, whose handler for the channel answers. */
  async request(
    to: string,
    data: Data,
    options: Waiting & { channel?: string; timeoutMs?: number } = {},
  ): Promise<Data> {
    const { channel = '', signal, timeoutMs = 10_000 } = options;
    return this.#ask(to, 'request', channel, data, signal, timeoutMs);
  }

  /** Answers requests on a channel; what it throws is told to whoever asked. Returns how to stop. */
  onRequest(channel: string, handler: Handler): () => void {
    this.#handlers.set(channel, handler);
    return () => void this.#handlers.delete(channel);
  }

  /** Messages on a channel, or on all of them, from now on. Ends with the loop, the signal, or the room. */
  messages(channel?: string, { signal }: Waiting = {}): AsyncIterableIterator<Message> {
    const inbox: Inbox<Message> = new Inbox(() => {
      this.#inboxes.delete(inbox);
      signal?.removeEventListener('abort', end);
    });
    const end = (): void => void inbox.return();
    this.#inboxes.set(inbox, channel);
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true || this.#isLeft) end();
    return inbox;
  }

  on<K extends keyof RoomEvents>(
    type: K,
    listener: (detail: RoomEvents[K]) => void,
    { signal }: Waiting = {},
  ): () => void {
    const take = (event: Event): void => listener((event as CustomEvent<RoomEvents[K]>).detail);
    this.addEventListener(type, take, signal ? { signal } : {});
    return () => this.removeEventListener(type, take);
  }

  /** Closes a link, as if the network had: the room mends itself. For tests and demonstrations. */
  cut(peer: string): void {
    this.#driver.transport.close(peer);
    this.#driver.tell({ type: 'link-closed', peer });
  }

  /** Tells the others, and frees everything. */
  async leave(): Promise<void> {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#driver.tell({ type: 'leave' });
    await new Promise((resolve) => setTimeout(resolve, GOODBYE_MS)); // signed and sent by then, or never
    this.#stop();
  }

  /** Without a word, as a crash would. */
  abandon(): void {
    this.#isLeft = true;
    this.#stop();
  }

  /** For a page that is being closed, which has time for little. */
  hurry(): void {
    this.#driver.hurry();
  }

  #mustBeIn(): void {
    if (this.#isLeft) throw new MeshError('LEFT', 'Cannot send: the room has been left');
  }

  #stop(): void {
    this.#driver.stop();
    this.#pending.clear();
    for (const inbox of [...this.#inboxes.keys()]) void inbox.return();
    this.#handlers.clear();
    this.#taken.clear();
    this.#latest.clear();
    this.#emit('left', undefined);
  }

  async #ask(
    to: string,
    kind: 'send' | 'request',
    channel: string,
    data: Data,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<Data> {
    this.#mustBeIn();
    if (!this.#driver.engine.view.has(to)) {
      throw new MeshError('UNREACHABLE', `Cannot reach ${to}: it is not in the room`);
    }
    const code = kind === 'send' ? 'UNREACHABLE' : 'TIMEOUT';
    const { id, answer } = this.#pending.open(code, timeoutMs, signal);
    const envelope: Envelope = { kind, id, channel, data };
    await this.#direct(to, envelope, false);
    const repeat = async (): Promise<void> => {
      for (const waitMs of AGAIN_MS.slice(0, -1)) {
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        if (!this.#pending.isOpen(id)) return;
        await this.#direct(to, envelope, true);
      }
    };
    void repeat();
    return answer;
  }

  async #direct(to: string, envelope: Envelope, isFlooded: boolean): Promise<void> {
    if (this.#isLeft) return;
    const payload = await this.#seal(envelope);
    this.#driver.tell({ type: 'direct', to, payload, isFlooded });
  }

  async #seal(envelope: Envelope): Promise<Uint8Array> {
    const plain = writeEnvelope(envelope);
    if (plain.length > this.#messageBytesMax) {
      throw new MeshError(
        'TOO_LONG',
        `Cannot send ${plain.length} bytes: the most is ${this.#messageBytesMax}`,
      );
    }
    return this.#options.isSealed ? this.#options.secrets.seal(plain) : plain;
  }

  /** A newcomer's first words wait for its first link, unless it is alone: they would reach nobody. */
  #isArriving(): boolean {
    this.#hasLinked ||= this.links.length > 0;
    if (this.#hasLinked || performance.now() > this.#enteredAtMs + ARRIVING_MS) return false;
    const { servers } = this;
    return this.members.length > 0 || (servers.length > 0 && !servers.some(({ isJoined }) => isJoined));
  }

  async #roomFor(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const chunks = Math.ceil(bytes / 16_384);
    const isBusy = (): boolean =>
      [...this.#driver.engine.links.values()].some(({ waitingBytes }) => waitingBytes > WAITING_BYTES);
    // One payment for each part: others count them so
    for (let paid = 0; paid < chunks || isBusy() || this.#isArriving();) {
      signal?.throwIfAborted();
      this.#mustBeIn();
      if (paid < chunks && this.#ownBudget.pay('', bytes / chunks, performance.now())) paid++;
      else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #report(action: EngineAction): void {
    switch (action.type) {
      case 'deliver':
        void this.#deliver(action);
        break;
      case 'member-joined':
        this.#emit('memberjoined', { id: action.id });
        break;
      case 'member-left':
        this.#emit('memberleft', { id: action.id });
        break;
      case 'view-changed':
        this.#emit('viewchanged', undefined);
        break;
      case 'passed':
        this.#emit('passed', { source: action.source, from: action.from, hops: action.hops });
    }
  }

  /** Opening what is sealed takes a moment; messages of one source stay in their order nevertheless. */
  #order: Promise<void> = Promise.resolve();
  async #deliver(action: Extract<EngineAction, { type: 'deliver' }>): Promise<void> {
    if (!this.#options.isSealed) {
      this.#take(action, action.payload);
      return;
    }
    const opened = this.#options.secrets.open(action.payload);
    this.#order = this.#order.then(async () => {
      const plain = await opened;
      if (plain) this.#take(action, plain);
    });
    await this.#order;
  }

  #take({ source, isDirect, hops }: Extract<EngineAction, { type: 'deliver' }>, plain: Uint8Array): void {
    let envelope: Envelope;
    try {
      envelope = readEnvelope(plain);
    } catch (error) {
      if (error instanceof ProtocolError) return; // a member of a newer version, or a hostile one
      throw error;
    }
    const { kind, id, channel, data } = envelope;
    if (kind === 'latest' && !this.#latest.isNewest(source, channel, id)) return;
    if (kind === 'message' || kind === 'latest') this.#hand({ from: source, channel, data, isDirect, hops });
    else if (!isDirect) return;
    else if (kind === 'signal') {
      if (typeof data === 'string') void this.#driver.signalled(source, data);
    } else if (kind === 'send' || kind === 'request') {
      const isNew = this.#isNew(`${source}.${id}`);
      if (kind === 'send') {
        void this.#direct(source, { kind: 'done', id, channel, data: null }, !isNew);
        if (isNew) this.#hand({ from: source, channel, data, isDirect, hops });
      } else if (isNew) void this.#answer(source, id, channel, data);
    } else if (kind === 'failure') this.#pending.fail(id, typeof data === 'string' ? data : 'failed');
    else this.#pending.done(id, data);
  }

  async #answer(to: string, id: number, channel: string, data: Data): Promise<void> {
    const handler = this.#handlers.get(channel);
    let answer: Envelope;
    try {
      if (!handler) throw new MeshError('NO_HANDLER', `Nobody answers on channel "${channel}"`);
      answer = { kind: 'response', id, channel, data: (await handler(data, to)) ?? null };
    } catch (error) {
      answer = { kind: 'failure', id, channel, data: error instanceof Error ? error.message : 'failed' };
    }
    await this.#direct(to, answer, false);
  }

  #hand(message: Message): void {
    for (const [inbox, channel] of this.#inboxes) {
      if (channel === undefined || channel === message.channel) inbox.put(message);
    }
    this.#emit('message', message);
  }

  #isNew(key: string): boolean {
    if (this.#taken.has(key)) return false;
    this.#taken.add(key);
    if (this.#taken.size > SENT_KEPT) this.#taken.delete(this.#taken.values().next().value!);
    return true;
  }

  #emit<K extends keyof RoomEvents>(type: K, detail: RoomEvents[K]): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
