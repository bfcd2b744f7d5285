// One client's WebSocket with a guard in it: what arrives passes the guard before `peer` hears of it, what leaves is written once
// for each turn of the event loop. The only importer of ws.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type ServerOptions } from 'ws';
import type { Caller } from './admission.ts';
import type { Bucket } from './rate.ts';
import { textFrame } from './text-frame.ts';

export interface Guard {
  /** Whether `peer` may see the frame. */
  admits(socket: ClientSocket, frame: Buffer, isBinary: boolean): boolean;
  heard(socket: ClientSocket): void;
  /** The client reads too slowly: more waits for it than may. */
  stalled(socket: ClientSocket): void;
  left(socket: ClientSocket): void;
}

/** What a socket is given once it is open. */
export interface Belongings {
  readonly guard: Guard;
  readonly stream: Duplex;
  readonly flusher: Flusher;
  readonly caller: Caller;
  readonly sendBufferBytesMax: number;
}

export class ClientSocket extends WebSocket implements Bucket {
  belongings!: Belongings;
  /** Empty until `peer` has accepted it. */
  id = '';
  tokens = 0;
  filledAtMs = 0;
  heardAtMs = 0;
  pingedAtMs = 0;
  faults = 0;
  #queued: Buffer | Buffer[] | undefined = undefined;
  #queuedBytes = 0;
  #rest: NodeJS.Timeout | undefined = undefined;

  get isOpen(): boolean {
    return this.readyState === WebSocket.OPEN;
  }

  get isResting(): boolean {
    return this.#rest !== undefined;
  }

  /** ws tells everything by `emit`, so this is the one door, and no socket needs listeners of its own. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'message') {
      if (!this.belongings.guard.admits(this, args[0] as Buffer, args[1] as boolean)) return true;
    } else if (event === 'pong') this.belongings.guard.heard(this);
    else if (event === 'close') {
      clearTimeout(this.#rest);
      this.belongings.guard.left(this);
    }
    return super.emit(event, ...args);
  }

  /** Queues the text for the end of this turn. */
  override send(text: string): void {
    if (!this.isOpen) return;
    const { stream, sendBufferBytesMax, flusher, guard } = this.belongings;
    const frame = textFrame(text);
    if (this.#queued === undefined) {
      this.#queued = frame;
      flusher.add(this);
    } else if (Array.isArray(this.#queued)) this.#queued.push(frame);
    else this.#queued = [this.#queued, frame];
    this.#queuedBytes += frame.length;
    if (this.#queuedBytes + stream.writableLength > sendBufferBytesMax) guard.stalled(this);
  }

  flush(): void {
    const queued = this.#queued;
    if (queued === undefined) return;
    const bytes = this.#queuedBytes;
    this.#queued = undefined;
    this.#queuedBytes = 0;
    if (!this.isOpen) return;
    this.belongings.stream.write(Array.isArray(queued) ? Buffer.concat(queued, bytes) : queued);
  }

  override close(code?: number, reason?: string): void {
    this.flush();
    super.close(code, reason);
  }

  /** Reads nothing more for a while: TCP slows the sender down, and nothing is lost. */
  rest(milliseconds: number): void {
    if (this.#rest !== undefined) return;
    this.pause();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.resume();
    }, milliseconds).unref();
  }
}

/** Gathers the sockets that have something to write; `setImmediate` runs right after the readable sockets of this turn were read. */
export class Flusher {
  #waiting: ClientSocket[] = [];
  #spare: ClientSocket[] = [];

  add(socket: ClientSocket): void {
    if (this.#waiting.push(socket) === 1) setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    const now = this.#waiting;
    this.#waiting = this.#spare;
    for (const socket of now) socket.flush();
    now.length = 0;
    this.#spare = now;
  };
}

export type Upgrade = (
  request: IncomingMessage,
  stream: Duplex,
  head: Buffer,
  belongings: Omit<Belongings, 'stream' | 'flusher'>,
  use: (socket: ClientSocket) => void,
) => void;

/** Turns HTTP requests into sockets; what is no WebSocket request is answered 400 by ws. */
export function createUpgrade(frameBytesMax: number): Upgrade {
  // Two of these are younger than the library's type declarations.
  const options: ServerOptions<typeof ClientSocket> & { closeTimeout: number; maxFragments: number } = {
    noServer: true,
    WebSocket: ClientSocket,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
    maxFragments: 64,
    closeTimeout: 5_000,
    autoPong: true,
    skipUTF8Validation: false,
  };
  const server = new WebSocketServer<typeof ClientSocket>(options);
  const flusher = new Flusher();
  return (request, stream, head, belongings, use) => {
    server.handleUpgrade(request, stream, head, (socket) => {
      socket.belongings = { ...belongings, stream, flusher };
      use(socket);
    });
  };
}
