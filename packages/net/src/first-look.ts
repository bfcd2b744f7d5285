// Looks at the first bytes of connections to an HTTP server. The plainest requests are taken before Node makes request and response objects,
// which would cost more than the rest of opening a WebSocket. Every other connection is handed unchanged to Node's own HTTP.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { readPlainHead, type PlainHead } from './request-head.ts';
import { inTurn } from './turns.ts';

export interface FirstLookOptions {
  /** Called for each connection as soon as it is accepted. False where it was ended. */
  readonly comes?: (socket: Socket) => boolean;
  /**
   * A plain request, and what came behind it. True: it is taken, and so are the socket's errors and its end; reading is paused.
   * False: Node's HTTP server gets the connection.
   */
  readonly take: (head: PlainHead, socket: Socket, behind: Buffer) => boolean;
  /** Asked when its first bytes have come: true where they must wait for a later turn of the event loop. */
  readonly mustWait?: (socket: Socket) => boolean;
  readonly headBytesMax: number;
  /** Time to the first byte. After that Node's HTTP server times a slow request. */
  readonly waitMsMax: number;
}

const TICK_MS = 1_000;

export class FirstLook {
  readonly #server: Server;
  readonly #options: FirstLookOptions;
  /** Node's HTTP, and whoever else listens. */
  readonly #others: ((socket: Socket) => void)[];
  /** Since when they are waited for; the oldest first. */
  readonly #waiting = new Map<Socket, number>();
  /** What has come from these is looked at in a later turn. */
  readonly #delayed = new Set<Socket>();
  #ticking: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  readonly #onData: (this: Socket, chunk: Buffer) => void;
  readonly #onError: (this: Socket, error: Error) => void;

  constructor(server: Server, options: FirstLookOptions) {
    this.#server = server;
    this.#options = options;
    this.#others = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    const { comes } = options;
    server.on('connection', (socket: Socket) => {
      if (comes?.(socket) !== false) this.watch(socket);
    });
    server.once('listening', () => {
      if (!this.#isClosed) this.#ticking = setInterval(() => this.tick(), TICK_MS).unref();
    });
    // One function for all sockets: a closure for each would cost memory.
    const look = this.#look.bind(this);
    this.#onData = function (chunk) {
      look(this, chunk);
    };
    this.#onError = function (error) {
      server.emit('clientError', error, this); // as Node's HTTP tells it
    };
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits for what comes: the first request of a connection, or the next one. */
  watch(socket: Socket, nowMs = performance.now()): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    this.#waiting.set(socket, nowMs);
    socket.on('data', this.#onData);
    socket.on('end', onEnd);
    socket.on('error', this.#onError);
    socket.resume();
  }

  /** Ends those that have said nothing for too long. Called once a second while the server listens. */
  tick(nowMs = performance.now()): void {
    for (const [socket, sinceMs] of this.#waiting) {
      if (socket.destroyed) this.#letGo(socket);
      else if (nowMs - sinceMs >= this.#options.waitMsMax) {
        this.#letGo(socket);
        socket.on('error', this.#onError);
        const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
        this.#server.emit('clientError', late, socket);
      }
    }
  }

  /** Ends those that are waited for, and whoever would have to be from now on. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#ticking);
    for (const socket of this.#waiting.keys()) socket.destroy();
    this.#waiting.clear();
  }

  #look(socket: Socket, chunk: Buffer): void {
    if (!this.#delayed.delete(socket) && this.#options.mustWait?.(socket) === true) {
      this.#delayed.add(socket);
      socket.pause();
      socket.unshift(chunk);
      inTurn(() => socket.resume());
      return;
    }
    this.#letGo(socket);
    socket.pause();
    const head = readPlainHead(chunk, this.#options.headBytesMax, socket);
    if (head !== undefined && this.#options.take(head, socket, chunk.subarray(head.bytes))) return;
    socket.unshift(chunk);
    for (const other of this.#others) other.call(this.#server, socket);
    process.nextTick(() => socket.resume());
  }

  #letGo(socket: Socket): void {
    this.#waiting.delete(socket);
    this.#delayed.delete(socket);
    socket.off('data', this.#onData);
    socket.off('end', onEnd);
    socket.off('error', this.#onError);
  }
}

/** The other end has closed its half before it asked for anything. */
function onEnd(this: Socket): void {
  this.destroy();
}
