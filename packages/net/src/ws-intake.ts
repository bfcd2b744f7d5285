// What a WebSocket of `ws` keeps of a message that is not whole. ws holds pieces of the chunks that it was handed, so a fragment of one byte
// keeps the 64 KB in which it came. After each chunk we copy such pieces out, count what is kept, and end who leaves a message unfinished.
// Long because it stands between two streams and says why at each of ws's own fields; it relies on those of the pinned version (tested).
import type { Duplex } from 'node:stream';
import type { BudgetRefusal, Holder } from './budget.ts';

/** What we use of ws's WebSocket; `_receiver` is its reader. */
export interface IntakeSocket {
  readonly readyState: number;
  readonly isPaused: boolean;
  readonly _receiver?: unknown;
}

/** Of ws's Receiver: the chunks that it has not used up, and the fragments of the message that is not whole. */
interface Receiver {
  write(chunk: Buffer): boolean;
  _buffers: Buffer[];
  _bufferedBytes: number;
  _fragments: Buffer[];
  _totalPayloadLength: number;
}

export interface IntakeOptions {
  readonly nowMs: () => number;
  /** From the first piece of a message to the last one. */
  readonly unfinishedMsMax: number;
  /** Ends the connection: its message takes too long, or there is no memory for more of it. */
  readonly end: (webSocket: IntakeSocket, reason: BudgetRefusal | 'unfinished_message') => void;
}

const OPEN = 1;
/** Of each piece beside its bytes: a Buffer and what it stands in. */
const PIECE_BYTES = 400;
/** A piece is copied out where what it keeps alive is this much more than itself. */
const WASTE_BYTES = 512;
/** Chunks are joined where there are more: each is an object. Every time twice as many, so that each byte is copied a few times at most. */
const CHUNKS_JOINED_AT = 16;
const CHUNKS_MAX = 256;

interface Kept {
  readonly webSocket: IntakeSocket;
  readonly receiver: Receiver;
  readonly holder: Holder;
  /** What of the holder is ours: others may count in it too. */
  bytes: number;
  sinceMs: number;
  joinAt: number;
  fragmentsSeen: number;
}

const KEPT = Symbol('kept');
type IntakeStream = Duplex & { [KEPT]?: Kept; intake?: Intake };

/** One for a server; `tick()` once a second. */
export class Intake {
  readonly #options: IntakeOptions;
  /** Those with an unfinished message, the oldest first. */
  readonly #unfinished = new Set<Kept>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get unfinished(): number {
    return this.#unfinished.size;
  }

  /**
   * Stands between the stream and the WebSocket from now on; call it where ws has just made the WebSocket. Once the WebSocket is told to
   * close, what still comes is thrown away unread, and the stream ends behind our close frame. `holder` is closed by whoever opened it.
   */
  watch(webSocket: IntakeSocket, stream: Duplex, holder: Holder): void {
    const receiver = webSocket._receiver as Receiver | undefined;
    const [read] = stream.listeners('data');
    if (!isReceiver(receiver) || read === undefined)
      throw new Error('Cannot watch the WebSocket: wanted one of ws 8.23 that has just been opened');
    const ours = stream as IntakeStream;
    ours[KEPT] = {
      webSocket,
      receiver,
      holder,
      bytes: 0,
      sinceMs: 0,
      joinAt: CHUNKS_JOINED_AT,
      fragmentsSeen: 0,
    };
    ours.intake = this;
    stream.off('data', read as () => void);
    stream.on('data', onData);
    stream.once('close', onClose);
  }

  /** Ends those that have left a message unfinished for too long. */
  tick(): void {
    const { nowMs, unfinishedMsMax, end } = this.#options;
    const now = nowMs();
    for (const kept of this.#unfinished) {
      if (kept.sinceMs > now - unfinishedMsMax) break;
      this.#unfinished.delete(kept);
      if (!kept.webSocket.isPaused) end(kept.webSocket, 'unfinished_message');
      else {
        kept.sinceMs = now; // we are the ones who do not read
        this.#unfinished.add(kept);
      }
    }
  }

  /** After each chunk. */
  settle(kept: Kept): void {
    const { receiver } = kept;
    if (receiver._bufferedBytes === 0 && receiver._totalPayloadLength === 0) {
      if (kept.bytes === 0) return; // the way of nearly every chunk
      this.#unfinished.delete(kept);
      kept.joinAt = CHUNKS_JOINED_AT;
      kept.fragmentsSeen = 0;
      this.#count(kept, 0);
      return;
    }
    compact(kept);
    if (kept.bytes === 0) {
      kept.sinceMs = this.#options.nowMs();
      this.#unfinished.add(kept);
    }
    let bytes = receiver._bufferedBytes + PIECE_BYTES * (1 + receiver._buffers.length);
    for (const fragment of receiver._fragments) bytes += fragment.length + PIECE_BYTES;
    this.#count(kept, bytes);
  }

  forget(kept: Kept): void {
    this.#unfinished.delete(kept);
    this.#count(kept, 0);
  }

  #count(kept: Kept, bytes: number): void {
    const more = bytes - kept.bytes;
    if (more <= 0) kept.holder.release(-more);
    else {
      const refusal = kept.holder.hold(more);
      if (refusal !== undefined) {
        this.#unfinished.delete(kept);
        this.#options.end(kept.webSocket, refusal);
        return;
      }
    }
    kept.bytes = bytes;
  }
}

/** As ws does it, and then ours. One function for all streams: a closure for each would cost memory. */
function onData(this: IntakeStream, chunk: Buffer): void {
  const kept = this[KEPT]!;
  if (kept.webSocket.readyState !== OPEN) {
    if (!this.writableEnded) this.end(); // behind the close frame that was written
    return;
  }
  if (!kept.receiver.write(chunk)) this.pause();
  this.intake!.settle(kept);
}

function onClose(this: IntakeStream): void {
  this.intake!.forget(this[KEPT]!);
}

const isReceiver = (value: Receiver | undefined): value is Receiver =>
  value !== undefined &&
  Array.isArray(value._buffers) &&
  Array.isArray(value._fragments) &&
  typeof value._bufferedBytes === 'number' &&
  typeof value._totalPayloadLength === 'number';

/** Copies small pieces out of large chunks, and joins many chunks into one. */
function compact(kept: Kept): void {
  const { _buffers: chunks, _fragments: fragments } = kept.receiver;
  if (fragments.length < kept.fragmentsSeen) kept.fragmentsSeen = 0; // those of another message
  for (let at = kept.fragmentsSeen; at < fragments.length; at++) fragments[at] = ownBytes(fragments[at]!);
  kept.fragmentsSeen = fragments.length;
  if (chunks.length >= kept.joinAt) {
    kept.receiver._buffers = [Buffer.concat(chunks)];
    kept.joinAt = Math.min(2 * kept.joinAt, CHUNKS_MAX);
  } else if (chunks.length === 1) chunks[0] = ownBytes(chunks[0]!);
}

function ownBytes(piece: Buffer): Buffer {
  if (piece.buffer.byteLength - piece.length < WASTE_BYTES) return piece;
  const own = Buffer.allocUnsafeSlow(piece.length);
  piece.copy(own);
  return own;
}
