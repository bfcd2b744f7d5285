// A room, as applications use it.
import { check, checkFunction, checkMessageOptions } from './checks.ts';
import { ARRIVAL_MS, DirectMessages, type Handler, type Question } from './direct-messages.ts';
import { Driver, type DriverOptions } from './driver.ts';
import type { EngineAction } from './engine/events.ts';
import { engineDefaults } from './engine/options.ts';
import type { Data, Envelope } from './envelope.ts';
import { MeshError } from './errors.ts';
import { Inbox } from './inbox.ts';
import { Latest } from './latest.ts';
import { Pace } from './pace.ts';
import { roomEvents, type Message, type RoomEvents, type RoomStats } from './room-events.ts';
import { viewOf, type RoomView } from './room-view.ts';
import { SealedMessages } from './sealed-messages.ts';
import { serverUrls } from './server-urls.ts';

interface Waiting {
  readonly signal?: AbortSignal;
}

const GOODBYE_MS = 150;

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
  readonly #direct: DirectMessages;
  readonly #latest = new Latest();
  readonly #messages: SealedMessages;
  readonly #pace: Pace;
  #isLeft = false;

  /** Use `join`. */
  constructor(options: RoomOptions) {
    super();
    this.name = options.name;
    this.id = options.identity.id;
    this.#options = options;
    const { secrets, isSealed } = options;
    const all = { ...engineDefaults, ...options.engine };
    this.#messages = new SealedMessages(isSealed ? secrets : undefined, all.messageBytesMax);
    this.#direct = new DirectMessages((to, envelope, isFlooded) => this.#sendTo(to, envelope, isFlooded));
    this.#driver = new Driver({
      ...options,
      report: (action) => this.#report(action),
      refused: ({ what, detail }, url) => this.#emit('refused', { url, what, detail }),
      serverChanged: (url, isJoined) => this.#emit('server', { url, isJoined }),
      signalThroughMesh: (to, sealed) =>
        void this.#sendTo(to, { kind: 'signal', id: 0, channel: '', data: sealed }, false),
    });
    this.#pace = new Pace(this.#driver.engine, () => this.#driver.servers, all);
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
    checkMessageOptions(options, 'channel', 'signal', 'isOrdered', 'isLatest');
    const { channel = '', isOrdered = false, isLatest = false, signal } = options;
    this.#mustBeIn();
    const id = isLatest ? this.#latest.next(channel) : 0;
    const payload = await this.#messages.write({ kind: isLatest ? 'latest' : 'message', id, channel, data });
    await this.#pace.wait(payload.length, () => {
      signal?.throwIfAborted();
      this.#mustBeIn();
    });
    if (isLatest && this.#latest.isOvertaken(channel, id)) return;
    this.#driver.tell({ type: 'broadcast', payload, isOrdered });
  }

  /** To one member. Resolves when that member has it; rejects with UNREACHABLE where it does not answer. */
  async send(to: string, data: Data, options: Waiting & { channel?: string } = {}): Promise<void> {
    checkMessageOptions(options, 'channel', 'signal');
    const { channel = '', signal } = options;
    await this.#ask({ to, kind: 'send', channel, data, signal, timeoutMs: ARRIVAL_MS });
  }

  /** Asks one member, whose handler for the channel answers. */
  async request(
    to: string,
    data: Data,
    options: Waiting & { channel?: string; timeoutMs?: number } = {},
  ): Promise<Data> {
    checkMessageOptions(options, 'channel', 'signal', 'timeoutMs');
    const { channel = '', signal, timeoutMs = 10_000 } = options;
    return this.#ask({ to, kind: 'request', channel, data, signal, timeoutMs });
  }

  /** Answers requests on a channel; what it throws is told to whoever asked. Returns how to stop. */
  onRequest(channel: string, handler: Handler): () => void {
    checkMessageOptions({ channel }, 'channel');
    checkFunction('handler', handler);
    return this.#direct.onRequest(channel, handler);
  }

  /** Messages on a channel, or on all of them, from now on. Ends with the loop, the signal, or the room. */
  messages(channel?: string, options: Waiting = {}): AsyncIterableIterator<Message> {
    checkMessageOptions({ ...options, channel }, 'channel', 'signal');
    const { signal } = options;
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
    options: Waiting = {},
  ): () => void {
    check((want) => want(roomEvents.includes(type), 'event', type, `one of ${roomEvents.join(', ')}`));
    checkFunction('listener', listener);
    checkMessageOptions(options, 'signal');
    const take = (event: Event): void => listener((event as CustomEvent<RoomEvents[K]>).detail);
    this.addEventListener(type, take, options);
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

  /** Leaves without telling anybody, as a crash would. */
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
    this.#direct.clear();
    for (const inbox of [...this.#inboxes.keys()]) void inbox.return();
    this.#latest.clear();
    this.#emit('left', undefined);
  }

  async #ask(question: Question): Promise<Data> {
    this.#mustBeIn();
    const { to } = question;
    const isOwn = to === this.id;
    if (isOwn || !this.#driver.engine.view.has(to)) {
      const why = isOwn ? 'that is this member itself' : 'it is not in the room';
      throw new MeshError('UNREACHABLE', `Cannot reach ${to}: ${why}`);
    }
    return this.#direct.ask(question);
  }

  async #sendTo(to: string, envelope: Envelope, isFlooded: boolean): Promise<void> {
    if (this.#isLeft) return;
    const payload = await this.#messages.write(envelope);
    this.#driver.tell({ type: 'direct', to, payload, isFlooded });
  }

  #report(action: EngineAction): void {
    switch (action.type) {
      case 'deliver':
        this.#messages.read(action.payload, (envelope) => this.#take(action, envelope));
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

  #take({ source, isDirect, hops }: Extract<EngineAction, { type: 'deliver' }>, envelope: Envelope): void {
    const { kind, id, channel, data } = envelope;
    const isForApplication =
      kind === 'message' ||
      (kind === 'latest' && this.#latest.isNewest(source, channel, id)) ||
      (isDirect && this.#direct.take(source, envelope));
    if (isForApplication) this.#hand({ from: source, channel, data, isDirect, hops });
    else if (kind === 'signal' && isDirect && typeof data === 'string') {
      void this.#driver.signalled(source, data);
    }
  }

  #hand(message: Message): void {
    for (const [inbox, channel] of this.#inboxes) {
      if (channel === undefined || channel === message.channel) inbox.put(message);
    }
    this.#emit('message', message);
  }

  #emit<K extends keyof RoomEvents>(type: K, detail: RoomEvents[K]): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
