// Open WebSockets: what the library tells of them goes to the frame router and the keepalive. Clients are served here alone; the
// library is `ws`.
import { Flusher, type AddressBuckets } from '@relay-swarm/net';
import type { Log } from '@relay-swarm/kit';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import type { FrameMemory } from '../frames/frame-memory.ts';
import type { ClientMemory } from './client-memory.ts';
import { Connection, type SendCounts, type Shared, type SocketHandle } from './connection.ts';
import type { FrameRouter } from './frame-router.ts';
import type { Keepalive } from './keepalive.ts';
import type { SocketErrors } from './socket-errors.ts';

export interface WebSocketsOptions {
  readonly limits: Shared['limits'] & { readonly frameBytesMax: number };
  readonly messages: Shared['messages'];
  readonly memory: FrameMemory;
  readonly router: FrameRouter;
  readonly keepalive: Keepalive;
  readonly clientMemory: ClientMemory;
  readonly addressWork: AddressBuckets;
  readonly errors: SocketErrors;
  readonly log: Log;
}

/** Stopping must leave room below kit's STOP_MS_MAX. */
const CLOSING_MS_MAX = 4_000;
const CLOSING_MS_PER_CONNECTION = 2;
const CLOSING_STEP_MS = 50;
const FAREWELL_MS = 1_000;

type OpenSocket = WebSocket & { connection: Connection };
type MeteredSocket = Duplex & { connection: Connection };
type Feed = (this: SocketHandle, bytes: Buffer) => void;

export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #server: WebSocketServer;
  readonly #shared: Shared;
  readonly counts: SendCounts & { failed: number; upgrades: number } = {
    framesOut: 0,
    offersDropped: 0,
    answersDropped: 0,
    stalled: 0,
    tooManyControlFrames: 0,
    /** Connections ended for a mistake of ours. */
    failed: 0,
    upgrades: 0,
  };
  // One function each for all sockets: a closure for every socket would cost memory.
  readonly #onMessage: (this: WebSocket, data: Buffer, isBinary: boolean) => void;
  readonly #onClose: (this: WebSocket) => void;
  readonly #onData: (this: Duplex, chunk: Buffer) => void;
  /** What the library does with what its socket reads: the same function for all. */
  #feed: Feed = () => undefined;

  constructor(options: WebSocketsOptions) {
    const { limits, messages, memory, router, keepalive, clientMemory, addressWork, log } = options;
    const { counts } = this;
    this.#options = options;
    this.#shared = {
      limits,
      messages,
      addressRate: addressWork.rate,
      frameBytesMax: limits.frameBytesMax,
      feed: (socket, bytes) => {
        this.#feed.call(socket, bytes);
      },
      memory,
      flusher: new Flusher((hasMore) => {
        if (hasMore) memory.keepThisTurn(); // somebody sent while others were flushed
        memory.endTurn();
      }),
      counts,
      probe: (connection) => keepalive.probe(connection, performance.now()),
      waits: (connection) => clientMemory.noteWaiting(connection),
      later: (callback, ms) => void setTimeout(callback, ms).unref(),
      failed: (error) => {
        counts.failed++;
        log.error('bug: a connection could not be written to', { error });
      },
    };
    // The published types lag behind the library: the last two options are in its documentation only.
    const serverOptions: ServerOptions & { maxPendingAutoPongs: number; closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.frameBytesMax,
      maxFragments: 64,
      maxBufferedChunks: 4_096,
      maxPendingAutoPongs: 8,
      skipUTF8Validation: false,
      autoPong: true,
      allowSynchronousEvents: true,
      closeTimeout: 5_000,
    };
    this.#server = new WebSocketServer(serverOptions);
    this.#onMessage = function (data, isBinary) {
      const { connection } = this as OpenSocket;
      try {
        router.receive(connection, data, isBinary, performance.now());
      } catch (error) {
        counts.failed++;
        log.error('bug: a frame could not be handled', { error });
        connection.close(1011, 'Internal error');
      }
    };
    this.#onData = function (chunk) {
      const { connection } = this as MeteredSocket;
      try {
        connection.meter.take(chunk, connection);
        if (connection.meter.isUnfinished || connection.unfinishedSinceMs !== 0)
          clientMemory.noteUnfinished(connection, performance.now());
      } catch (error) {
        counts.failed++;
        log.error('bug: what was read could not be handled', { error });
        connection.terminate();
      }
    };
    this.#onClose = function () {
      const { connection } = this as OpenSocket;
      keepalive.remove(connection);
      clientMemory.remove(connection);
      router.closed(connection, performance.now());
      addressWork.leave(connection.addressKey);
    };
  }

  /** Answers the handshake; from then on the socket is a connection. */
  readonly accept = (request: IncomingMessage, socket: Duplex, head: Buffer, addressKey: string): void => {
    this.#server.handleUpgrade(request, socket, head, (webSocket) =>
      this.#open(webSocket, socket, addressKey),
    );
  };

  /** Closes with 1012 (service restart), spread out so that not all clients come to another relay in the same instant. */
  async closeAll(): Promise<void> {
    const { keepalive } = this.#options;
    const connections = [...keepalive.connections()];
    const steps = Math.ceil(
      Math.min(CLOSING_MS_MAX, connections.length * CLOSING_MS_PER_CONNECTION) / CLOSING_STEP_MS,
    );
    for (let step = 0; step < steps; step++) {
      for (let index = step; index < connections.length; index += steps)
        connections[index]!.close(1012, 'This relay is stopping');
      await pause(CLOSING_STEP_MS);
    }
    if (connections.length > 0) await pause(Math.min(FAREWELL_MS, 50 + connections.length));
    for (const connection of keepalive.connections()) connection.terminate();
  }

  #open(webSocket: WebSocket, socket: Duplex, addressKey: string): void {
    const { keepalive, errors, addressWork, clientMemory } = this.#options;
    const nowMs = performance.now();
    const addressBucket = addressWork.enter(addressKey, nowMs);
    const holder = clientMemory.open(addressKey, () => webSocket.terminate());
    const from = { addressKey, addressBucket, holder, nowMs };
    const connection = new Connection(webSocket, socket, from, this.#shared);
    (webSocket as OpenSocket).connection = (socket as MeteredSocket).connection = connection;
    // What is read goes past the meter first: the library takes no part in what it must not do (frame-meter.ts).
    [this.#feed = this.#feed] = socket.listeners('data') as Feed[];
    socket.on('data', this.#onData);
    socket.off('data', this.#feed);
    webSocket.on('message', this.#onMessage);
    webSocket.on('ping', onSignOfLife);
    webSocket.on('pong', onSignOfLife);
    webSocket.on('close', this.#onClose);
    webSocket.on('error', errors.count);
    keepalive.add(connection);
    clientMemory.add(connection);
    this.counts.upgrades++;
  }
}

function onSignOfLife(this: WebSocket): void {
  (this as OpenSocket).connection.isAlive();
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
