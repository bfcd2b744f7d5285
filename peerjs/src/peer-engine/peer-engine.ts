// PeerJS's own server, the package `peer`, as an engine: it is mounted without a listener and handed sockets and messages that were checked
// before. The only importer of `peer`, and of `express`, which it needs around it.
import express from 'express';
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { ExpressPeerServer, type IConfig } from 'peer';
import type {
  CreateSignalingEngine,
  Delivery,
  EngineClient,
  SignalingEngine,
  SignalingEngineOptions,
} from '../signaling/engine.ts';
import type { Relayed } from '../signaling/message.ts';
import { OPEN_TEXT } from '../signaling/words.ts';
import { QueueAccount } from './queue-account.ts';
import { TimerScope } from './timer-scope.ts';

/** What `peer` takes for a WebSocket. */
class PeerSocket extends EventEmitter {
  readonly #client: EngineClient;
  /** `peer` has given it the id. */
  isAccepted = false;

  constructor(client: EngineClient) {
    super();
    this.#client = client;
  }

  send(text: string): void {
    this.#client.send(text);
  }

  close(): void {
    // the caller closes a socket that the engine has not taken
  }
}

/** How often `peer` looks for clients without a heartbeat: it tells this timer by its delay. */
const HEARTBEAT_CHECK_MS = 300;
const QUEUE_SWEEP_MS = 1_000;
const NEVER_MS = 2 ** 31 - 1;
/** Ours; keys that clients name were compared before. */
const KEY = 'peerjs';

class PeerEngine<Client extends EngineClient> implements SignalingEngine<Client> {
  readonly #options: SignalingEngineOptions;
  readonly #clients = new Map<string, Client>();
  readonly #peerSockets = new Map<Client, PeerSocket>();
  readonly #account: QueueAccount;
  /** `peer` wants to make a WebSocket server and only listens to it for 'connection'. */
  readonly #connections = new EventEmitter();
  /** The heartbeat check would walk over every client three times a second for nothing: it is not started. */
  readonly #timers = new TimerScope((delayMs) => delayMs !== HEARTBEAT_CHECK_MS);

  constructor(options: SignalingEngineOptions) {
    this.#options = options;
    this.#account = new QueueAccount({
      ...options.offline,
      keptMs: options.expireMs + 2 * QUEUE_SWEEP_MS,
    });
    const config = {
      path: '/',
      key: KEY,
      allow_discovery: false, // the HTTP API is not `peer`'s here
      expire_timeout: options.expireMs,
      cleanup_out_msgs: QUEUE_SWEEP_MS,
      alive_timeout: NEVER_MS, // idle sockets are ended by the signaling route
      concurrent_limit: Number.MAX_SAFE_INTEGER, // connections are counted before they are upgraded
      proxied: false,
      createWebSocketServer: () => this.#connections as never,
    } satisfies Partial<IConfig>;
    const peer = ExpressPeerServer(createServer(), config);
    peer.on('connection', (client) => {
      (client.getSocket() as unknown as PeerSocket).isAccepted = true;
    });
    // What `peer` catches while it works for one of our calls goes back to that call.
    peer.on('error', (error) => {
      throw error;
    });
    this.#timers.hold(() => express().use(peer)); // it starts when it is mounted
  }

  get ids(): Iterable<string> {
    return this.#clients.keys();
  }

  get clients(): number {
    return this.#clients.size;
  }

  get queuedBytes(): number {
    return this.#account.bytes;
  }

  has(id: string): boolean {
    return this.#clients.has(id);
  }

  connect(client: Client, id: string, token: string): { replaced?: Client } | 'id_taken' {
    const peerSocket = new PeerSocket(client);
    const replaced = this.#clients.get(id);
    // On a second socket of the same id and token `peer` says nothing, and the client would wait for OPEN for ever.
    if (replaced?.token === token) client.send(OPEN_TEXT);
    const query = new URLSearchParams({ id, token, key: KEY }).toString();
    this.#connections.emit('connection', peerSocket, { url: `/?${query}` });
    if (!peerSocket.isAccepted) return 'id_taken';
    client.id = id;
    client.token = token;
    this.#clients.set(id, client);
    this.#peerSockets.set(client, peerSocket);
    this.#account.arrived(id);
    return replaced === undefined ? {} : { replaced };
  }

  relay(sender: Client, message: Relayed, bytes: number): Delivery {
    const receiver = this.#clients.get(message.dst);
    if (receiver !== undefined && receiver.waitingBytes > this.#options.waitingBytesMax)
      return 'receiver_slow';
    const isQueued = receiver === undefined && message.type !== 'LEAVE';
    if (isQueued && !this.#account.admit(message.dst, bytes, this.#options.monotonicMs()))
      return 'queue_full';
    this.#peerSockets.get(sender)?.emit('message', JSON.stringify(message));
    return isQueued ? 'queued' : receiver === undefined ? 'dropped' : 'delivered';
  }

  left(client: Client): void {
    this.#peerSockets.get(client)?.emit('close');
    this.#peerSockets.delete(client);
    if (this.#clients.get(client.id) === client) this.#clients.delete(client.id);
  }

  tick(): void {
    // `peer` has a timer of its own
  }

  stop(): void {
    this.#timers.stop();
  }
}

export const createPeerEngine: CreateSignalingEngine = (options) => new PeerEngine(options);
