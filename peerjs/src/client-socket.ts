// One client's WebSocket: what arrives goes to its route, what leaves is written once for each turn of the event loop.
import {
  Flusher,
  PING_FRAME,
  rejectUpgrade,
  textFrame,
  type AddressAccount,
  type BudgetRefusal,
  type Flushable,
  type Holder,
  type Payer,
  type RequestHead,
} from '@relay-swarm/net';
import { OPEN, SocketServer, type ServerSocket } from '@relay-swarm/net/server-socket';
import type { HeldSocket, SocketEnd, SocketMemory } from '@relay-swarm/net/socket-memory';
import type { PartialMessage } from '@relay-swarm/net/frame-reader';
import type { Duplex } from 'node:stream';
import type { Caller } from './callers.ts';

/** Called with what happens on the sockets of a route. */
export interface SocketListener {
  /** Whole, and valid until this returns. */
  frame(socket: ClientSocket, frame: Buffer, isBinary: boolean): void;
  /** For how many milliseconds bytes that have come must wait; 0: they are paid for. */
  restMs(socket: ClientSocket, bytes: number): number;
  /** A ping, pong or fragment has come. Where it cannot pay for it it has been closed, and this is false. */
  control(socket: ClientSocket): boolean;
  /** A ping or pong has come. */
  signOfLife(socket: ClientSocket): void;
  /** The client broke the WebSocket protocol, or its network failed; the end follows. */
  broken(code: string): void;
  /** The client reads too slowly: more bytes wait for it than allowed. */
  stalled(socket: ClientSocket): void;
  /** A mistake of ours kept it from being written to, or its frame from being handled. */
  failed(socket: ClientSocket, error: unknown): void;
  left(socket: ClientSocket): void;
}

/** What all sockets of a route have in common. */
export interface Surroundings {
  readonly listener: SocketListener;
  readonly frameBytesMax: number;
  readonly sendBufferBytesMax: number;
  readonly memory: SocketMemory<ClientSocket>;
  readonly monotonicMs: () => number;
  /** Closes it: it holds too much, or leaves a message unfinished. */
  readonly ended: (socket: ClientSocket, reason: SocketEnd) => void;
}

/** A frame of 64 KB may come in pieces of 1 KB. */
const FRAGMENTS_MAX = 64;
const CLOSE_MS_MAX = 5_000;

export class ClientSocket implements Payer, Flushable, HeldSocket {
  readonly caller: Caller;
  readonly holder: Holder;
  /** Both empty until an engine has given it the id. */
  id = '';
  token = '';
  thousandths = 0;
  isPaidAhead = false;
  filledAtMs = 0;
  heardAtMs = 0;
  faults = 0;
  isCountedUnfinished = false;
  bufferedBytes = 0;
  readonly #webSocket: ServerSocket<ClientSocket>;
  readonly #around: Surroundings;
  #queued: Buffer | Buffer[] | undefined = undefined;
  #queuedBytes = 0;
  #isPinged = false;

  constructor(webSocket: ServerSocket<ClientSocket>, caller: Caller, around: Surroundings) {
    this.#webSocket = webSocket;
    this.#around = around;
    this.caller = caller;
    this.holder = around.memory.open(caller.key, this);
  }

  get account(): AddressAccount {
    return this.caller.account;
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === OPEN;
  }

  /** What was sent and the kernel has not taken yet. */
  get waitingBytes(): number {
    return this.#queuedBytes + this.#webSocket.stream.writableLength;
  }

  get unreadBytes(): number {
    const { writableLength, readableLength } = this.#webSocket.stream;
    return writableLength + readableLength;
  }

  get partial(): PartialMessage | undefined {
    return this.#webSocket.partial;
  }

  get isUnfinished(): boolean {
    return this.#webSocket.isUnfinished;
  }

  /** Nothing is read, because of debt. */
  get isResting(): boolean {
    return this.#webSocket.isResting;
  }

  /** Reads nothing more for a while: TCP slows the sender down, and nothing is lost. */
  rest(milliseconds: number): void {
    this.#webSocket.rest(milliseconds);
  }

  cut(reason: BudgetRefusal): void {
    this.endFor(reason);
  }

  endFor(reason: SocketEnd): void {
    this.#around.ended(this, reason);
  }

  /** Queues the text for the end of this turn. */
  send(text: string): void {
    if (this.isOpen) this.#enqueue(textFrame(text));
  }

  /** One at a time: strangers can cause pings, and must not make the client pay or write for each. */
  ping(): void {
    if (this.#isPinged || !this.isOpen) return;
    this.#isPinged = true;
    this.#enqueue(PING_FRAME);
  }

  /** Once for each ping: its answer is asked for, and costs nothing. */
  takeAnswer(): boolean {
    const isAnswer = this.#isPinged;
    this.#isPinged = false;
    return isAnswer;
  }

  flush(): void {
    const queued = this.#queued;
    if (queued === undefined) return;
    this.#queued = undefined;
    this.#queuedBytes = 0;
    if (!this.isOpen) return;
    this.#webSocket.stream.write(Array.isArray(queued) ? Buffer.concat(queued) : queued);
    this.checkReader();
  }

  /** Ends it where the client does not read, and counts the bytes that wait for it. Most often there are none. */
  checkReader(): void {
    const { listener, sendBufferBytesMax, memory } = this.#around;
    const { writableLength, writableNeedDrain } = this.#webSocket.stream;
    if (writableLength > sendBufferBytesMax) listener.stalled(this);
    else if (writableNeedDrain) memory.noteWaiting(this); // otherwise only a few bytes wait, and are about to leave
  }

  fail(error: unknown): void {
    this.#around.listener.failed(this, error);
  }

  close(code: number, reason: string): void {
    this.flush();
    this.#webSocket.close(code, reason);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  #enqueue(frame: Buffer): void {
    this.#queuedBytes += frame.length;
    if (this.#queued === undefined) {
      this.#queued = frame;
      flusher.add(this);
    } else if (Array.isArray(this.#queued)) this.#queued.push(frame);
    else this.#queued = [this.#queued, frame];
  }
}

const flusher = new Flusher();

export type Upgrade = (
  request: RequestHead,
  stream: Duplex,
  head: Buffer,
  caller: Caller,
) => ClientSocket | undefined;

/** Turns HTTP requests into sockets; what is no WebSocket request is answered with what is wrong, and there is none. */
export function createUpgrade(around: Surroundings): Upgrade {
  const { listener, memory, monotonicMs, frameBytesMax } = around;
  const server = new SocketServer<ClientSocket>({
    messageBytesMax: frameBytesMax,
    fragmentsMax: FRAGMENTS_MAX,
    closeMsMax: CLOSE_MS_MAX,
    events: {
      message: (socket, frame, isBinary) => listener.frame(socket, frame, isBinary),
      signOfLife: (socket) => {
        listener.signOfLife(socket);
        socket.checkReader(); // a ping was answered
      },
      restMs: (socket, bytes) => listener.restMs(socket, bytes),
      mayRead: (socket) => socket.takeAnswer() || listener.control(socket),
      settled: (socket) => memory.settled(socket, monotonicMs()),
      fault: (_socket, { name }) => listener.broken(name),
      failed: (socket, error) => listener.failed(socket, error),
      closed: (socket) => {
        memory.remove(socket);
        listener.left(socket);
      },
    },
  });
  return (request, stream, head, caller) => {
    let opened: ClientSocket | undefined;
    stream.on('error', (error: NodeJS.ErrnoException) => listener.broken(error.code ?? 'unknown'));
    const fault = server.accept(request, stream, head, (webSocket) => {
      opened = new ClientSocket(webSocket, caller, around);
      return opened;
    });
    if (fault !== undefined) rejectUpgrade(stream, fault.code, fault);
    return opened;
  };
}
