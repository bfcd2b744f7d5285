// Offers and answers for RTCPeerConnections of the page's own, between the members of a room, over its relays: the tracker's announce carries
// them (PROTOCOL.md, "WebTorrent"), so the page needs no signaling server.
import { Fields } from '@relay-swarm/protocol/fields';
import { infoHashKey } from '@relay-swarm/protocol/ranking';
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { ClientError } from './errors.ts';
import { RelayChoice, type RelayChoiceOptions } from './relay-choice.ts';
import type { RelaySocket } from './relay-socket.ts';
import { RelaySockets } from './relay-sockets.ts';
import type { Roster } from './roster.ts';
import { peerIdOf } from './signatures.ts';
import { TypedEvents } from './typed-events.ts';

export interface OfferReceived {
  /** Who offers: an id of 20 characters, another one for each exchange. */
  readonly from: string;
  readonly offer: RTCSessionDescriptionInit;
  /** Sends the answer back, once. */
  readonly answer: (answer: RTCSessionDescriptionInit) => void;
}

export interface AnswerReceived {
  readonly from: string;
  readonly answer: RTCSessionDescriptionInit;
}

export interface OfferExchangeEvents {
  /** Somebody in the room offers a connection. */
  offer: OfferReceived;
}

/** An offer that nobody has taken goes out again: who takes it may come only now. */
const AGAIN_MS = 3_000;
const FRAME_CHARS_MAX = 65_536;
const OFFERS_KNOWN_MAX = 100;

export class OfferExchange extends TypedEvents<OfferExchangeEvents> {
  readonly choice: RelayChoice;
  /** What others see as `from`. */
  readonly id = randomText(20);
  readonly #hash: string;
  readonly #sockets: RelaySockets;
  readonly #held = new Map<string, { socket: RelaySocket; end: () => void }>();
  readonly #open = new Map<
    string,
    { offer: RTCSessionDescriptionInit; taken: (answer: AnswerReceived) => void }
  >();
  readonly #seen = new Set<string>();

  private constructor(roster: Roster, infoHash: string, options: RelayChoiceOptions) {
    super();
    this.#hash = String.fromCharCode(...infoHash.match(/../g)!.map((pair) => parseInt(pair, 16)));
    this.#sockets = options.sockets ?? RelaySockets.of(roster);
    this.choice = new RelayChoice(roster, infoHash, options);
    for (const relay of this.choice.relays) this.#join(relay);
    this.choice.on('relaychange', ({ added, removed }) => {
      for (const { id } of removed) this.#leave(id);
      for (const relay of added) this.#join(relay);
    });
    const timer = setInterval(() => {
      if (this.#open.size > 0) this.#announceAll();
    }, AGAIN_MS);
    this.choice.signal.addEventListener('abort', () => {
      clearInterval(timer);
      for (const id of [...this.#held.keys()]) this.#leave(id);
    });
  }

  /**
   * Enters the room of this name (or of this info hash, 40 hexadecimal digits); each offer goes to somebody else in it. Rejects with
   * UNSUPPORTED for a name where the page is not secure: browsers hash for secure pages only.
   */
  static async enter(roster: Roster, room: string, options: RelayChoiceOptions = {}): Promise<OfferExchange> {
    options.signal?.throwIfAborted();
    return new OfferExchange(roster, await OfferExchange.keyOf(room), options);
  }

  /** The key by which relays are ranked for a room: the info hash that its members announce. */
  static async keyOf(room: string): Promise<string> {
    if (/^[0-9a-f]{40}$/i.test(room)) return infoHashKey(room);
    if ((globalThis.crypto as { subtle?: unknown }).subtle === undefined)
      throw new ClientError(
        'UNSUPPORTED',
        'Cannot enter a room by its name: this page is not secure (https: or localhost); give an info hash of 40 hexadecimal digits',
      );
    return (await peerIdOf(new TextEncoder().encode(`relay-swarm offers\n${room}`))).slice(0, 40);
  }

  /** Sends an offer, again and again until somebody answers. Rejects with AbortError, or with CLOSED when the exchange is closed. */
  offer(
    offer: RTCSessionDescriptionInit,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<AnswerReceived> {
    const ending = signal === undefined ? this.choice.signal : AbortSignal.any([signal, this.choice.signal]);
    const id = randomText(20);
    return new Promise<AnswerReceived>((resolve, reject) => {
      ending.throwIfAborted();
      ending.addEventListener('abort', () => reject(ending.reason as Error), { once: true });
      this.#open.set(id, { offer, taken: resolve });
      this.#announceAll();
    }).finally(() => this.#open.delete(id));
  }

  close(): void {
    this.choice.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #join(relay: RosterRelay): void {
    const socket = this.#sockets.hold(relay);
    const ends = [
      socket.on('open', () => this.#announce(socket)),
      socket.on('message', ({ text }) => this.#read(socket, text)),
    ];
    this.#held.set(relay.id, { socket, end: () => ends.forEach((end) => end()) });
    this.#announce(socket);
  }

  #leave(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    held.end();
    held.socket.send(JSON.stringify({ ...this.#frame(), event: 'stopped' }));
    this.#sockets.release({ id });
  }

  #announceAll(): void {
    for (const { socket } of this.#held.values()) this.#announce(socket);
  }

  /** Where the socket is not open, its `open` brings it here again. */
  #announce(socket: RelaySocket): void {
    const offers = [...this.#open].map(([offer_id, { offer }]) => ({ offer_id, offer }));
    socket.send(JSON.stringify({ ...this.#frame(), numwant: offers.length, offers }));
  }

  #frame(): object {
    return {
      action: 'announce',
      info_hash: this.#hash,
      peer_id: this.id,
      uploaded: 0,
      downloaded: 0,
      left: 1,
    };
  }

  #read(socket: RelaySocket, text: string): void {
    try {
      const fields = Fields.fromJson(text, FRAME_CHARS_MAX);
      if (!fields.has('offer_id') || fields.text('info_hash', { charsMax: 64 }) !== this.#hash) return;
      const [from, id] = [
        fields.text('peer_id', { charsMax: 64 }),
        fields.text('offer_id', { charsMax: 64 }),
      ];
      if (fields.has('offer')) this.#offered(socket, from, id, readDescription(fields.object('offer')));
      else this.#open.get(id)?.taken({ from, answer: readDescription(fields.object('answer')) });
    } catch {
      // Not for us, or nothing that we understand: other sockets and the next message count.
    }
  }

  /** The same offer comes through several relays, and again after a while. */
  #offered(socket: RelaySocket, from: string, offer_id: string, offer: RTCSessionDescriptionInit): void {
    if (this.#seen.has(offer_id)) return;
    this.#seen.add(offer_id);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= OFFERS_KNOWN_MAX) break;
      this.#seen.delete(oldest);
    }
    const answer = (answer: RTCSessionDescriptionInit): void => {
      socket.send(JSON.stringify({ ...this.#frame(), to_peer_id: from, offer_id, answer }));
    };
    this.emit('offer', { from, offer, answer });
  }
}

function readDescription(fields: Fields): RTCSessionDescriptionInit {
  return {
    type: fields.text('type', { charsMax: 16 }) as RTCSdpType,
    sdp: fields.text('sdp', { charsMax: FRAME_CHARS_MAX }),
  };
}

function randomText(chars: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(chars)), (byte) => (byte % 36).toString(36)).join(
    '',
  );
}
