// One client's WebSocket: what arrives goes to its route, what leaves is written once for each turn of the event loop.
// The only importer of ws.
import {
  Flusher,
  textFrame,
  type BudgetRefusal,
  type Bucket,
  type Flushable,
  type Holder,
} from '@relay-swarm/net';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type ServerOptions } from 'ws';
import type { Caller } from './callers.ts';
import type { ClientMemory, Endable } from './client-memory.ts';

/** Who is told what happens on the sockets of a route. */
export interface SocketListener {
  frame(socket: ClientSocket, frame: Buffer, isBinary: boolean): void;
  /** Whether a ping may be answered; a pong only shows life, and costs nothing where we have asked for it. */
  control(socket: ClientSocket, isAskedFor: boolean): boolean;
  /** How long the socket should rest now. */
  debtMs(socket: ClientSocket): number;
  /** The same because of what its address has sent. */
  addressDebtMs(socket: ClientSocket): number;
  /** The client broke the WebSocket protocol, or its network failed; 'close' follows. */
  broken(error: NodeJS.ErrnoException): void;
  /** The client reads too slowly: more waits for it than may. */
  stalled(socket: ClientSocket): void;
  /** A mistake of ours kept it from being written to. */
  failed(socket: ClientSocket, error: unknown): void;
  left(socket: ClientSocket): void;
}

/** What all sockets have in common. */
export interface Surroundings {
  readonly listener: SocketListener;
  readonly sendBufferBytesMax: number;
  readonly memory: ClientMemory;
  /** Closes it: it holds too much, or leaves a message unfinished. */
  readonly ended: (socket: ClientSocket, reason: BudgetRefusal | 'unfinished_message') => void;
}

export class ClientSocket extends WebSocket implements Bucket, Flushable, Endable {
  caller!: Caller;
  #stream!: Duplex;
  #around!: Surroundings;
  /** Both empty until an engine has given it the id. */
  id = '';
  token = '';
  thousandths = 0;
  filledAtMs = 0;
  heardAtMs = 0;
  faults = 0;
  #queued: Buffer | Buffer[] | undefined = undefined;
  #queuedBytes = 0;
  #rest: NodeJS.Timeout | undefined = undefined;
  #isPinged = false;
  #holder!: Holder;
  /** What waits to be written, as the holder counts it. */
  #countedBytes = 0;
  #isDrainAwaited = false;
  /** Came while its address was in debt, and is not read yet. */
  readonly #unread: { readonly frame: Buffer; readonly isBinary: boolean }[] = [];

  get isOpen(): boolean {
    return this.readyState === WebSocket.OPEN;
  }

  /** What was sent and the kernel has not taken yet. */
  get waitingBytes(): number {
    return this.#queuedBytes + this.#stream.writableLength;
  }

  get isResting(): boolean {
    return this.#rest !== undefined;
  }

  /** Before anything but 'open' is emitted. */
  begin(stream: Duplex, caller: Caller, around: Surroundings): void {
    this.#stream = stream;
    this.caller = caller;
    this.#around = around;
    const { budget, intake } = around.memory;
    this.#holder = budget.open(caller.key, (reason) => this.endFor(reason));
    intake.watch(this, stream, this.#holder);
  }

  endFor(reason: BudgetRefusal | 'unfinished_message'): void {
    this.#around.ended(this, reason);
  }

  /** ws tells everything by `emit`, so this is the one door, and no socket needs listeners of its own. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'message') {
      this.#take(args[0] as Buffer, args[1] as boolean);
      return true;
    }
    if (event === 'ping' || event === 'pong') {
      const isAnswer = event === 'pong' && this.#isPinged;
      if (isAnswer) this.#isPinged = false;
      const isAdmitted = this.#around.listener.control(this, isAnswer);
      if (isAdmitted && event === 'ping') {
        this.pong(args[0]);
        this.#checkReader();
      }
    } else if (event === 'error') {
      // Ends here: a socket that was turned away has no other listener, and Node throws what nobody listens to.
      this.#around.listener.broken(args[0] as NodeJS.ErrnoException);
      return true;
    } else if (event === 'close') {
      clearTimeout(this.#rest);
      this.#holder.close();
      this.#around.listener.left(this);
    }
    return super.emit(event, ...args);
  }

  /** Reading is the work, so the address is asked before. Its own debts are its own: a flood shall run into its end. */
  #take(frame: Buffer, isBinary: boolean): void {
    const { listener } = this.#around;
    const debtMs = this.#unread.length > 0 ? 1 : this.isOpen ? listener.addressDebtMs(this) : 0;
    if (debtMs <= 0) {
      listener.frame(this, frame, isBinary);
      return;
    }
    const refusal = this.#holder.hold(frame.length);
    if (refusal !== undefined) {
      this.endFor(refusal);
      return;
    }
    this.#unread.push({ frame, isBinary });
    this.rest(debtMs);
  }

  #takeUnread(): void {
    const { listener } = this.#around;
    while (this.#unread.length > 0 && this.isOpen && listener.addressDebtMs(this) <= 0) {
      const { frame, isBinary } = this.#unread.shift()!;
      this.#holder.release(frame.length);
      listener.frame(this, frame, isBinary);
    }
  }

  /** Queues the text for the end of this turn. */
  override send(text: string): void {
    if (!this.isOpen) return;
    const frame = textFrame(text);
    this.#queuedBytes += frame.length;
    if (this.#queued === undefined) {
      this.#queued = frame;
      flusher.add(this);
    } else if (Array.isArray(this.#queued)) this.#queued.push(frame);
    else this.#queued = [this.#queued, frame];
  }

  flush(): void {
    const queued = this.#queued;
    if (queued === undefined) return;
    this.#queued = undefined;
    this.#queuedBytes = 0;
    if (!this.isOpen) return;
    this.#stream.write(Array.isArray(queued) ? Buffer.concat(queued) : queued);
    this.#checkReader();
  }

  #checkReader(): void {
    const { listener, sendBufferBytesMax } = this.#around;
    const waitingBytes = this.#stream.writableLength;
    if (waitingBytes > sendBufferBytesMax) listener.stalled(this);
    else if (this.#stream.writableNeedDrain) this.#count(waitingBytes); // otherwise it is little, and about to leave
  }

  /** What waits for a slow reader; nothing, most often. */
  #count(waitingBytes: number): void {
    const more = waitingBytes - this.#countedBytes;
    const refusal = more > 0 ? this.#holder.hold(more) : undefined;
    if (more < 0) this.#holder.release(-more);
    if (refusal !== undefined) {
      this.endFor(refusal);
      return;
    }
    this.#countedBytes = waitingBytes;
    if (this.#isDrainAwaited) return;
    this.#isDrainAwaited = true;
    this.#stream.once('drain', () => {
      this.#isDrainAwaited = false;
      this.#holder.release(this.#countedBytes);
      this.#countedBytes = 0;
    });
  }

  /** One at a time: strangers can cause pings, and must not make the client pay or write for each. */
  override ping(): void {
    if (this.#isPinged) return;
    this.#isPinged = true;
    super.ping();
  }

  fail(error: unknown): void {
    this.#around.listener.failed(this, error);
  }

  override close(code?: number, reason?: string): void {
    this.flush();
    super.close(code, reason);
    if (this.#rest === undefined) return;
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.resume(); // to read the answer
  }

  /** Reads nothing more for a while, and longer where debts have grown meanwhile: TCP slows the sender down, and nothing is lost. */
  rest(milliseconds: number): void {
    if (this.#rest !== undefined) return;
    this.pause();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#takeUnread();
      if (this.isResting) return; // one of them made it rest
      const moreMs = this.#around.listener.debtMs(this);
      if (moreMs > 0) this.rest(moreMs);
      else this.resume();
    }, milliseconds).unref();
  }
}

const flusher = new Flusher();

/** Options of ws that its type declarations do not know yet. */
interface YoungerOptions {
  readonly closeTimeout: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
}

/** In what pieces a frame may arrive, on average: each is an object of some 500 bytes until the frame is whole. */
const CHUNK_BYTES_MIN = 256;

export type Upgrade = (
  request: IncomingMessage,
  stream: Duplex,
  head: Buffer,
  caller: Caller,
) => ClientSocket | undefined;

/** Turns HTTP requests into sockets; what is no WebSocket request is answered 400 by ws, and there is none. */
export function createUpgrade(frameBytesMax: number, around: Surroundings): Upgrade {
  const options: ServerOptions<typeof ClientSocket> & YoungerOptions = {
    noServer: true,
    WebSocket: ClientSocket,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
    maxFragments: 64,
    maxBufferedChunks: Math.ceil(frameBytesMax / CHUNK_BYTES_MIN),
    closeTimeout: 5_000,
    autoPong: false, // pings are paid for like every frame, see `emit`
    skipUTF8Validation: false,
  };
  const server = new WebSocketServer<typeof ClientSocket>(options);
  return (request, stream, head, caller) => {
    let opened: ClientSocket | undefined;
    // Calls back at once, since no check of its own is asked for.
    server.handleUpgrade(request, stream, head, (socket) => {
      socket.begin(stream, caller, around);
      opened = socket;
    });
    return opened;
  };
}
