// One WebSocket of a client or another gun relay that has connected here: sizes, pings, and reading no faster than its rate.
import {
  PING_FRAME,
  rejectUpgrade,
  textFrame,
  type BudgetRefusal,
  type Holder,
  type RequestHead,
} from '@relay-swarm/net';
import type { FrameFault, PartialMessage } from '@relay-swarm/net/frame-reader';
import { OPEN, SocketServer, type ServerSocket } from '@relay-swarm/net/server-socket';
import type { HeldSocket, SocketMemory } from '@relay-swarm/net/socket-memory';
import { REFUSALS, type CloseRefusalCode } from '@relay-swarm/protocol/refusals';
import type { Duplex } from 'node:stream';
import { startPinging, type Pinged } from './pinging.ts';

export interface WireLimits {
  readonly frameBytesMax: number;
  readonly sendBufferBytesMax: number;
  readonly pingMs: number;
  readonly memory: SocketMemory<HeldSocket>;
  readonly monotonicMs: () => number;
}

export interface Wire {
  /** What is held for it. */
  readonly holder: Holder;
  /** Of an address as limits count it. */
  readonly addressKey: string;
  /** Nothing is read, because of debt. */
  readonly isResting: boolean;
  /** Reads nothing for this long; nothing changes where it rests already. */
  rest(milliseconds: number): void;
  end(code: CloseRefusalCode): void;
  send(text: string): void;
  close(code?: number): void;
}

export interface WireListener {
  /**
   * For how many milliseconds bytes that have come must wait, because this wire or its address owes; 0: they are paid for. Called before
   * anything is parsed, since parsing is the work, and other connections of the address may have made the debt.
   */
  restMs(bytes: number): number;
  /** A ping, pong or fragment has come. False where it has been closed for it. */
  control(): boolean;
  /** A whole message, valid until this returns. */
  frame(frame: Buffer): void;
  /** Called once, as the last call. */
  closed(): void;
}

export type Opened = (wire: Wire) => WireListener;

export const GOODBYE_MS_MAX = 2_000;
/** A frame of 64 KB may come in pieces of 1 KB. The library's default is 16,384. */
export const FRAGMENTS_MAX = 64;

export type Accept = (
  request: RequestHead,
  stream: Duplex,
  head: Buffer,
  addressKey: string,
  opened: Opened,
) => void;

export function createAcceptor(limits: WireLimits): Accept {
  const { memory, monotonicMs } = limits;
  const server = new SocketServer<AcceptedWire>({
    messageBytesMax: limits.frameBytesMax,
    fragmentsMax: FRAGMENTS_MAX,
    closeMsMax: GOODBYE_MS_MAX,
    events: {
      message: (wire, payload, isBinary) => wire.take(payload, isBinary),
      signOfLife: (wire) => (wire.pingsUnanswered = 0),
      restMs: (wire, bytes) => wire.listener.restMs(bytes),
      mayRead: (wire) => wire.listener.control(),
      settled: (wire) => memory.settled(wire, monotonicMs()),
      fault: (wire, fault) => wire.complain(fault), // it is being closed
      failed: (wire) => wire.end('internal_error'),
      closed: (wire) => {
        memory.remove(wire);
        wire.stopPinging();
        wire.listener.closed();
      },
    },
  });
  return (request, stream, head, addressKey, opened) => {
    stream.on('error', () => undefined); // 'close' follows
    const fault = server.accept(request, stream, head, (socket) => {
      const wire = new AcceptedWire(socket, addressKey, limits);
      wire.listener = opened(wire);
      return wire;
    });
    if (fault !== undefined) rejectUpgrade(stream, fault.code, fault);
  };
}

/** gun sends the same text to all wires, one after the other: it is made into a frame once. */
let last: { readonly text: string; readonly frame: Buffer } | undefined;

function frameOf(text: string): Buffer {
  if (last?.text !== text) last = { text, frame: textFrame(text) };
  return last.frame;
}

class AcceptedWire implements Wire, HeldSocket, Pinged {
  /** Set before anything is read. */
  listener!: WireListener;
  pingsUnanswered = 0;
  isCountedUnfinished = false;
  bufferedBytes = 0;
  readonly addressKey: string;
  readonly holder: Holder;
  readonly #socket: ServerSocket<AcceptedWire>;
  readonly #limits: WireLimits;
  readonly #pinging: NodeJS.Timeout;

  constructor(socket: ServerSocket<AcceptedWire>, addressKey: string, limits: WireLimits) {
    this.addressKey = addressKey;
    this.#socket = socket;
    this.#limits = limits;
    this.holder = limits.memory.open(addressKey, this);
    this.#pinging = startPinging(this, limits.pingMs);
  }

  get partial(): PartialMessage | undefined {
    return this.#socket.partial;
  }

  get isUnfinished(): boolean {
    return this.#socket.isUnfinished;
  }

  get isResting(): boolean {
    return this.#socket.isResting;
  }

  rest(milliseconds: number): void {
    this.#socket.rest(milliseconds);
  }

  get unreadBytes(): number {
    const { writableLength, readableLength } = this.#socket.stream;
    return writableLength + readableLength;
  }

  take(payload: Buffer, isBinary: boolean): void {
    this.pingsUnanswered = 0;
    if (isBinary) this.end('binary');
    else this.listener.frame(payload);
  }

  send(text: string): void {
    if (this.#socket.readyState !== OPEN) return;
    const { stream } = this.#socket;
    if (stream.writableLength > this.#limits.sendBufferBytesMax) {
      this.#socket.terminate(); // it does not read, so there is nothing to tell it
      return;
    }
    stream.write(frameOf(text));
    if (stream.writableNeedDrain) this.#limits.memory.noteWaiting(this);
  }

  end(code: CloseRefusalCode): void {
    this.#socket.close(REFUSALS[code].close, REFUSALS[code].sentence);
  }

  cut(reason: BudgetRefusal): void {
    this.endFor(reason);
  }

  endFor(reason: Parameters<HeldSocket['endFor']>[0]): void {
    if (this.#socket.stream.writableLength > 0) this.#socket.terminate();
    else this.end(reason);
  }

  /** In gun's own words, since gun clients do not look at close codes: they print a complaint where their developer sees it. */
  complain({ closeCode, reason }: FrameFault): void {
    const why =
      closeCode === 1009
        ? `Message too big: this relay takes at most ${this.#limits.frameBytesMax} bytes (GUN_FRAME_BYTES_MAX)`
        : reason;
    this.send(JSON.stringify({ dam: '!', err: why }));
  }

  close(code = 1000): void {
    this.#socket.close(code, '');
  }

  stopPinging(): void {
    clearInterval(this.#pinging);
  }

  ping(): void {
    if (this.#socket.readyState === OPEN) this.#socket.stream.write(PING_FRAME);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
