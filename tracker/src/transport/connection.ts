// One WebSocket, once it is open: which protocol it speaks, what waits to be sent, and how much its other end may ask for.
import {
  newBucket,
  spendTokens,
  type AddressAccount,
  type Bucket,
  type Flushable,
  type Flusher,
  type Holder,
  type Payer,
  type Payments,
  type Rate,
} from '@relay-swarm/net';
import type { PartialMessage } from '@relay-swarm/net/frame-reader';
import type { HeldSocket, SocketEnd } from '@relay-swarm/net/socket-memory';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import type { FrameMemory } from '../frames/frame-memory.ts';
import { PING_FRAME, textFrame } from '@relay-swarm/net/ws-frame';
import { joinFrames } from '../frames/frame.ts';
import type { Protocol } from '../frontends/protocol.ts';
import { Priority, type Peer } from '../swarm/peer.ts';
import type { ProtocolLink } from './protocol-link.ts';
import type { SocketHandle, WebSocketHandle } from './socket-handles.ts';

const OPEN = 1;
/** A client answers a ping in half a minute; some ping every second; a message of 64 KB may come in 64 fragments. */
const CONTROL_FRAMES: Rate = { perSecond: 20, burst: 500 };
const NOTHING = Buffer.alloc(0);

/** Counted over all connections. */
export interface SendCounts {
  framesOut: number;
  offersDropped: number;
  answersDropped: number;
  stalled: number;
  tooManyControlFrames: number;
}

export interface SendLimits {
  /** Bytes that may wait for a slow reader: from half of it on offers are dropped, beyond it answers, at four times as many the connection ends. */
  readonly sendBufferBytesMax: number;
}

/** What all connections have in common. */
export interface Shared {
  readonly limits: SendLimits;
  readonly memory: FrameMemory;
  readonly flusher: Flusher;
  readonly counts: SendCounts;
  readonly payments: Payments<Connection>;
  readonly probe: (connection: Connection) => void;
  /** Its part of the byte budget. */
  readonly openHolder: (connection: Connection) => Holder;
  /** Bytes wait for its reader, or for us: they are counted. */
  readonly waits: (connection: Connection) => void;
  /** A mistake of ours kept it from being written to; it is ended. */
  readonly failed: (error: unknown) => void;
}

export class Connection implements ProtocolLink, Flushable, HeldSocket, Payer {
  peers: Peer[] = [];
  /** The key under which its address is counted. */
  readonly addressKey: string;
  readonly openedAtMs: number;
  lastFrameMs: number;
  /** Undefined until the first frame tells. */
  protocol: Protocol<Connection> | undefined = undefined;
  /** Pings sent since the last sign of life. */
  pingsUnanswered = 0;
  /** Its unfinished message is known to the client memory. */
  isCountedUnfinished = false;
  /** What waits in its buffers, as the holder counts it. */
  bufferedBytes = 0;
  /** Its part of the byte budget. */
  readonly holder: Holder;
  controlBucket: Bucket | undefined = undefined;
  /** The deadline of the probe that is running; 0 where there is none. */
  probedUntilMs = 0;
  /** What it may send, as a bucket, beside that of its address. */
  thousandths = 0;
  isPaidAhead = false;
  filledAtMs = 0;
  readonly account: AddressAccount;
  /** Made at the first frame, so that an idle connection costs nothing. */
  announceBucket: Bucket | undefined = undefined;
  faultBucket: Bucket | undefined = undefined;

  readonly #webSocket: WebSocketHandle;
  readonly #socket: SocketHandle;
  readonly #shared: Shared;
  /** What waits for the end of this turn. Most often one frame, so there is an array only for more. */
  #queued: Buffer | Buffer[] | undefined = undefined;
  #queuedBytes = 0;

  constructor(
    webSocket: WebSocketHandle,
    socket: SocketHandle,
    from: { addressKey: string; account: AddressAccount; nowMs: number },
    shared: Shared,
  ) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.addressKey = from.addressKey;
    this.account = from.account;
    this.openedAtMs = this.lastFrameMs = from.nowMs;
    this.#shared = shared;
    this.holder = shared.openHolder(this);
    shared.payments.begin(this, from.nowMs);
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === OPEN;
  }

  get isCongested(): boolean {
    return this.#pendingBytes() > this.#shared.limits.sendBufferBytesMax / 2;
  }

  get isIdle(): boolean {
    return this.protocol === undefined || this.protocol.isIdle(this);
  }

  get partial(): PartialMessage | undefined {
    return this.#webSocket.partial;
  }

  /** Nothing is read, because it owes for work that it asked for, or its address does. */
  get isResting(): boolean {
    return this.#webSocket.isResting;
  }

  get isUnfinished(): boolean {
    return this.#webSocket.isUnfinished;
  }

  get unreadBytes(): number {
    return this.#socket.writableLength + this.#socket.readableLength;
  }

  /** Counts bytes that are held for it; false where it may not hold more. */
  hold(bytes: number): boolean {
    return this.holder.hold(bytes) === undefined;
  }

  release(bytes: number): void {
    this.holder.release(bytes);
  }

  send(frame: Buffer | string, priority: Priority = Priority.reply): boolean {
    if (this.#webSocket.readyState !== OPEN) return false;
    const pending = this.#pendingBytes();
    const { sendBufferBytesMax } = this.#shared.limits;
    if (pending > sendBufferBytesMax / 2) {
      if (priority === Priority.offer) return (this.#shared.counts.offersDropped++, false);
      if (priority === Priority.answer && pending > sendBufferBytesMax)
        return (this.#shared.counts.answersDropped++, false);
      if (pending > 4 * sendBufferBytesMax) {
        this.#shared.counts.stalled++;
        this.terminate();
        return false;
      }
    }
    this.#enqueue(typeof frame === 'string' ? textFrame(frame) : frame);
    this.#shared.counts.framesOut++;
    return true;
  }

  flush(): void {
    const queued = this.#queued;
    if (queued === undefined) return;
    const bytes = this.#queuedBytes;
    this.#queued = undefined;
    this.#queuedBytes = 0;
    if (this.#webSocket.readyState !== OPEN) return;
    const bytesNow = Array.isArray(queued) ? joinFrames(queued, bytes, this.#shared.memory) : queued;
    const mustWait = this.#socket.writableLength > 0;
    this.#socket.write(mustWait ? copyOf(bytesNow) : bytesNow);
    if (this.#socket.writableLength === 0) return;
    if (!mustWait) this.#shared.memory.keepThisTurn();
    this.#shared.waits(this);
  }

  fail(error: unknown): void {
    this.#shared.memory.keepThisTurn(); // some may have been handed over
    this.#shared.failed(error);
    this.terminate();
  }

  whenDrained(callback: () => void): void {
    this.flush();
    this.#socket.write(NOTHING, () => {
      if (this.isOpen) callback();
    });
  }

  /** Charges bytes that have come before they are read. 0: they may be read now; otherwise for how many milliseconds they must wait. */
  restMs(bytes: number, nowMs: number): number {
    return this.#shared.payments.restMs(this, bytes, nowMs);
  }

  /** Charges pings, pongs and fragments: they cost work and are no messages. */
  mayRead(): boolean {
    const nowMs = performance.now();
    const bucket = (this.controlBucket ??= newBucket(CONTROL_FRAMES, nowMs));
    if (spendTokens(bucket, CONTROL_FRAMES, 1, nowMs) >= 0) return true;
    this.#shared.counts.tooManyControlFrames++;
    this.close(REFUSALS.control_frames.close, REFUSALS.control_frames.sentence);
    return false;
  }

  /**
   * Charges this connection and its address for work beyond one ordinary message, before it is done. What cannot be paid now is a debt,
   * and nothing more is read until it is paid. An address pays for the end of a connection too.
   */
  pay(tokens: number, nowMs: number): void {
    this.#shared.payments.pay(this, tokens, nowMs);
  }

  /** Reads nothing for this long; nothing changes where it rests already or is closed. */
  rest(milliseconds: number): void {
    if (!this.isOpen) return;
    this.#webSocket.rest(milliseconds);
    this.#shared.waits(this);
  }

  ping(): void {
    this.pingsUnanswered++;
    if (this.#webSocket.readyState === OPEN) this.#enqueue(PING_FRAME);
  }

  /** Pings the other end; the connection ends where it does not answer within seconds. */
  probe(): void {
    this.#shared.probe(this);
  }

  isAlive(): void {
    this.pingsUnanswered = 0;
    this.probedUntilMs = 0;
  }

  close(code: number, reason: string): void {
    this.flush();
    this.#webSocket.close(code, reason);
  }

  /** Ends it without a close frame: there is no memory left for what it sends or does not read. */
  endFor(reason: SocketEnd): void {
    if (reason === 'unfinished_message' || (this.partial === undefined && this.unreadBytes === 0))
      this.close(REFUSALS[reason].close, REFUSALS[reason].sentence);
    else this.terminate();
  }

  /** Its memory is for others now: there is nothing left to say. */
  cut(): void {
    this.terminate();
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  #pendingBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  #enqueue(frame: Buffer): void {
    if (this.#queued === undefined) {
      this.#queued = frame;
      this.#shared.flusher.add(this);
    } else if (Array.isArray(this.#queued)) this.#queued.push(frame);
    else this.#queued = [this.#queued, frame];
    this.#queuedBytes += frame.length;
  }
}

/** In memory of its own: a small copy by the library keeps 8 KB that others share, for as long as it waits. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
