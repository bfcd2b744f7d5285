// The Graffiti protocol over a swarm of relays: announce info hashes, and hear who announces them, wherever the relays go.
import { infoHashKey } from '@relay-swarm/protocol/ranking';
import { abortable } from './abortable.ts';
import { ClientError } from './errors.ts';
import { EventQueue } from './event-queue.ts';
import type { GraffitiIdentity } from './graffiti-link.ts';
import { GraffitiLinks } from './graffiti-links.ts';
import { GraffitiTopic, type GraffitiEvent } from './graffiti-topic.ts';
import { RelayChoice } from './relay-choice.ts';
import type { SocketPorts } from './relay-socket.ts';
import { pagePorts, RelaySockets } from './relay-sockets.ts';
import type { Roster } from './roster.ts';
import { makePeerKey, peerIdOf } from './signatures.ts';

export interface GraffitiOptions {
  /** Default: a new key. `{ proof }` is for relays that know no keys: each of them learns the secret. */
  readonly identity?: GraffitiIdentity;
  /** Relays for each info hash. */
  readonly k?: number;
  readonly signal?: AbortSignal;
  readonly ports?: SocketPorts;
}

export class GraffitiClient {
  /** SHA-256 of the public key or of the proof, in hex: what others see. */
  readonly peerId: string;
  readonly #roster: Roster;
  readonly #options: GraffitiOptions;
  readonly #links: GraffitiLinks;
  readonly #sockets: RelaySockets;
  readonly #topics = new Map<string, GraffitiTopic>();
  #isClosed = false;

  private constructor(roster: Roster, identity: GraffitiIdentity, peerId: string, options: GraffitiOptions) {
    this.#roster = roster;
    this.peerId = peerId;
    this.#options = options;
    this.#links = new GraffitiLinks(identity, options.ports ?? pagePorts());
    this.#sockets =
      options.ports === undefined ? RelaySockets.of(roster) : new RelaySockets(roster, options.ports);
    for (const signal of [options.signal, roster.signal])
      signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  /** Rejects with UNSUPPORTED where the platform has no Ed25519 and no proof was given. */
  static async create(roster: Roster, options: GraffitiOptions = {}): Promise<GraffitiClient> {
    options.signal?.throwIfAborted();
    const identity = options.identity ?? (await newIdentity());
    const peerId = await peerIdOf(
      'key' in identity ? identity.key.publicKey : new TextEncoder().encode(identity.proof),
    );
    return new GraffitiClient(roster, identity, peerId, options);
  }

  /**
   * Resolves when the first relay has confirmed; rejects with REFUSED where one refuses before, CLOSED where the client is closed before, or
   * the signal's reason. The signal also takes the announcement back, then or later.
   */
  async announce(infoHash: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    const topic = this.#topic(infoHash);
    signal?.addEventListener('abort', () => topic.unannounce(), { once: true });
    await abortable(topic.announce(), signal);
  }

  unannounce(infoHash: string): void {
    const topic = this.#topic(infoHash);
    topic.unannounce();
  }

  /**
   * Every peer that announces the hash, and each coming and going, once, whichever relays say so. Nothing is lost between two reads.
   * Ends with `break`, the signal, or the client.
   */
  subscribe(
    infoHash: string,
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncIterableIterator<GraffitiEvent> {
    signal?.throwIfAborted();
    const topic = this.#topic(infoHash);
    const queue: EventQueue<GraffitiEvent> = new EventQueue(() => topic.unsubscribe(queue));
    topic.subscribe(queue);
    signal?.addEventListener('abort', () => queue.end(), { once: true });
    return queue;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const topic of this.#topics.values()) topic.close();
    this.#topics.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #topic(text: string): GraffitiTopic {
    if (this.#isClosed) throw new ClientError('CLOSED', 'Cannot use this client: it was closed');
    const infoHash = infoHashKey(text);
    if (infoHash.length !== 64)
      throw new ClientError(
        'BAD_ARGUMENT',
        `Cannot use an info hash of ${infoHash.length} characters: Graffiti's have 64`,
      );
    const found = this.#topics.get(infoHash);
    if (found !== undefined) return found;
    const { k } = this.#options;
    const choice = new RelayChoice(this.#roster, infoHash, {
      ...(k !== undefined && { k }),
      sockets: this.#sockets,
    });
    const topic = new GraffitiTopic(infoHash, choice, this.#links);
    this.#topics.set(infoHash, topic);
    return topic;
  }
}

async function newIdentity(): Promise<GraffitiIdentity> {
  const key = await makePeerKey();
  if (key === undefined)
    throw new ClientError(
      'UNSUPPORTED',
      'Cannot make a key: this platform has no Ed25519 (give a proof as identity)',
    );
  return { key };
}
