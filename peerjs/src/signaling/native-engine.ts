// Our own signaling engine. It speaks as PeerJS's server does (peers/peerjs-server 1.0.2; both are held to one contract suite).
import type {
  CreateSignalingEngine,
  Delivery,
  EngineClient,
  SignalingEngine,
  SignalingEngineOptions,
} from './engine.ts';
import type { Relayed } from './message.ts';
import { OfflineQueue } from './offline-queue.ts';
import { expireText, ID_TAKEN_TEXT, OPEN_TEXT, relayedText } from './words.ts';

class NativeEngine<Client extends EngineClient> implements SignalingEngine<Client> {
  readonly #options: SignalingEngineOptions;
  readonly #clients = new Map<string, Client>();
  readonly #offline: OfflineQueue<Relayed>;

  constructor(options: SignalingEngineOptions) {
    this.#options = options;
    this.#offline = new OfflineQueue({ ...options.offline, expireMs: options.expireMs });
  }

  get ids(): Iterable<string> {
    return this.#clients.keys();
  }

  get clients(): number {
    return this.#clients.size;
  }

  get queuedBytes(): number {
    return this.#offline.bytes;
  }

  has(id: string): boolean {
    return this.#clients.has(id);
  }

  connect(client: Client, id: string, token: string): { replaced?: Client } | 'id_taken' {
    const replaced = this.#clients.get(id);
    if (replaced !== undefined && replaced.token !== token) {
      client.send(ID_TAKEN_TEXT);
      return 'id_taken';
    }
    client.id = id;
    client.token = token;
    this.#clients.set(id, client);
    client.send(OPEN_TEXT);
    for (const { message, sender } of this.#offline.take(id)) client.send(relayedText(message, sender));
    return replaced === undefined ? {} : { replaced };
  }

  relay(sender: Client, message: Relayed, bytes: number): Delivery {
    const receiver = this.#clients.get(message.dst);
    if (receiver !== undefined) {
      if (receiver.waitingBytes > this.#options.waitingBytesMax) return 'receiver_slow';
      receiver.send(relayedText(message, sender.id));
      return 'delivered';
    }
    if (message.type === 'LEAVE') return 'dropped'; // an absent peer need not be told that another one leaves
    const waiting = { message, sender: sender.id };
    return this.#offline.add(message.dst, waiting, bytes, this.#options.monotonicMs())
      ? 'queued'
      : 'queue_full';
  }

  left(client: Client): void {
    if (this.#clients.get(client.id) === client) this.#clients.delete(client.id);
  }

  tick(): void {
    this.#offline.expire(this.#options.monotonicMs(), (peer, sender) =>
      this.#clients.get(sender)?.send(expireText(peer, sender)),
    );
  }

  stop(): void {
    // nothing runs by itself
  }
}

export const createNativeEngine: CreateSignalingEngine = (options) => new NativeEngine(options);
