// One Graffiti connection to one relay (PROTOCOL.md, "Graffiti"): the beginning, requests and pushes. It comes back by itself with the state it has.
import { Fields } from '@relay-swarm/protocol/fields';
import { graffitiHelloText, webSocketOrigin } from '@relay-swarm/protocol/graffiti';
import { ClientError } from './errors.ts';
import type { SocketLike, SocketPorts } from './relay-socket.ts';
import type { PeerKey } from './signatures.ts';

/** A key proves itself anew to each relay; a proof is a secret that each of them learns (for relays of other kinds). */
export type GraffitiIdentity = { readonly key: PeerKey } | { readonly proof: string };

export interface LinkEvents {
  /** Send the state now. */
  readonly onReady: () => void;
  readonly onPush: (action: 'announce' | 'unannounce', peer: string, infoHash: string) => void;
  /** Between two connections: what the last one has told may be old. */
  readonly onLost: () => void;
}

type Action = 'announce' | 'unannounce' | 'subscribe' | 'unsubscribe';

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15_000;
const FRAME_CHARS_MAX = 65_536;

export class GraffitiLink {
  readonly #url: string;
  readonly #identity: GraffitiIdentity;
  readonly #ports: SocketPorts;
  readonly #listeners = new Set<LinkEvents>();
  readonly #requests = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  #socket: SocketLike | undefined;
  #isReady = false;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;

  constructor(url: string, identity: GraffitiIdentity, ports: SocketPorts) {
    this.#url = url;
    this.#identity = identity;
    this.#ports = ports;
    this.#open();
  }

  /** Everything of the connection, for each info hash that uses it; of one that is ready already, that as well. */
  add(listener: LinkEvents): void {
    this.#listeners.add(listener);
    if (this.#isReady) listener.onReady();
  }

  /** Whether anybody is left. */
  remove(listener: LinkEvents): boolean {
    this.#listeners.delete(listener);
    return this.#listeners.size > 0;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Resolves when the relay has confirmed. Rejects with REFUSED, or CLOSED where the connection ends before. */
  request(action: Action, infoHashes: readonly string[]): Promise<void> {
    if (!this.#isReady)
      return Promise.reject(new ClientError('CLOSED', `Cannot ${action}: the connection is not open`));
    const messageID = Array.from({ length: 64 }, () =>
      Math.floor(this.#ports.random() * 16).toString(16),
    ).join('');
    return new Promise((resolve, reject) => {
      this.#requests.set(messageID, { resolve, reject });
      this.#socket?.send(JSON.stringify({ messageID, action, info_hashes: infoHashes }));
    });
  }

  close(): void {
    this.#cancelRetry?.();
    this.#drop();
  }

  #open(): void {
    const socket = this.#ports.open(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      const identity = this.#identity;
      socket.send(
        'proof' in identity
          ? identity.proof
          : JSON.stringify({ action: 'hello', publicKey: identity.key.publicKey }),
      );
    };
    socket.onclose = () => this.#lost();
    socket.onmessage = ({ data }) => {
      try {
        this.#read(socket, String(data));
      } catch {
        this.#lost(); // not the protocol: the next connection may be better
      }
    };
  }

  #read(socket: SocketLike, text: string): void {
    const fields = Fields.fromJson(text, FRAME_CHARS_MAX);
    if (fields.has('action')) {
      const action = fields.oneOf('action', ['announce', 'unannounce']);
      const [peer, infoHash] = [fields.hex('peer', 64), fields.hex('info_hash', 64)];
      for (const listener of this.#listeners) listener.onPush(action, peer, infoHash);
    } else if (fields.has('reply')) this.#readReply(fields);
    else if (fields.has('challenge')) void this.#answer(socket, fields.hex('challenge', 64));
    else {
      fields.hex('peer_id', 64); // the beginning has ended well
      this.#isReady = true;
      this.#failures = 0;
      for (const listener of this.#listeners) listener.onReady();
    }
  }

  #readReply(fields: Fields): void {
    if (!fields.has('messageID')) return; // of the beginning ("already exists"): the relay closes, and the place is free soon
    const id = fields.text('messageID', { charsMax: 256 });
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    if (fields.text('reply', { charsMax: 32 }) !== 'error') request?.resolve();
    else
      request?.reject(
        new ClientError(
          'REFUSED',
          fields.has('detail') ? fields.text('detail', { charsMax: 2_000 }) : 'Refused',
        ),
      );
  }

  /** The origin is that of this socket, never what the relay says: so no relay can pass on another's challenge. */
  async #answer(socket: SocketLike, challenge: string): Promise<void> {
    if (!('key' in this.#identity)) return;
    const text = graffitiHelloText(challenge, webSocketOrigin(this.#url) ?? '');
    const signature = await this.#identity.key.sign(text);
    if (this.#socket === socket) socket.send(JSON.stringify({ signature }));
  }

  #lost(): void {
    const wasReady = this.#isReady;
    this.#drop();
    this.#failures += 1;
    const most = Math.min(RETRY_MS_MIN * 2 ** (this.#failures - 1), RETRY_MS_MAX);
    this.#cancelRetry = this.#ports.after(most * (0.5 + this.#ports.random() / 2), () => this.#open());
    if (wasReady) for (const listener of this.#listeners) listener.onLost();
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isReady = false;
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const { reject } of requests)
      reject(new ClientError('CLOSED', 'Cannot finish the request: the connection has ended'));
    if (socket === undefined) return;
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
  }
}
