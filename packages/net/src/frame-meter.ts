// Looks at the bytes of a WebSocket client before a library does (RFC 6455 §5.2): counts its frames, so that they can be paid for before
// the work; gathers a frame that comes in pieces, so that one byte never keeps a whole read of the socket in memory; and knows whether a
// message is unfinished. What it hands on are whole frames. Pure.

const CONTINUATION = 0;
const CLOSE = 8;
/** Longest header without the mask: two bytes and a length of eight. */
const HEADER_BYTES_MAX = 10;
const MASK_BYTES = 4;
const GATHER_BYTES_MIN = 256;

export interface FrameSink {
  /** One or more whole frames, or any bytes behind a header that is wrong: for the library, which says so. */
  pass(bytes: Buffer): void;
  /** Before a frame is handed on. False: nothing more of this connection is to be handed on but a close frame. */
  mayPass(frames: { readonly control: number; readonly fragments: number }): boolean;
}

export class FrameMeter {
  readonly #frameBytesMax: number;
  /** The beginning of a frame that is not whole yet. */
  #gathered: Buffer | undefined = undefined;
  #gatheredBytes = 0;
  /** Fragments of a message whose last one has not come: the library keeps them. */
  #fragmentBytes = 0;
  #isFragmented = false;
  /** Messages whose last byte has come. */
  finished = 0;
  /** A frame too large to be taken: the library refuses it by its header, and nothing is gathered any more. */
  #isBroken = false;

  /** `frameBytesMax`: of one frame; the library has the same limit. */
  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  get isUnfinished(): boolean {
    return this.#gatheredBytes > 0 || this.#isFragmented;
  }

  /** What is kept in memory for what has not come yet. */
  get heldBytes(): number {
    return (this.#gathered?.length ?? 0) + this.#fragmentBytes;
  }

  /** Takes what was read from the socket. The memory of `chunk` is not kept, unless nearly all of it is needed. */
  take(chunk: Buffer, sink: FrameSink): void {
    let at = 0;
    if (this.#gatheredBytes > 0) {
      at = this.#gather(chunk, 0);
      if (at < 0) return; // all of it belongs to the frame, which is not whole yet
      const frame = this.#gathered!.subarray(0, this.#gatheredBytes);
      this.#gathered = undefined;
      this.#gatheredBytes = 0;
      if (!this.#walk(frame, sink, true)) return;
    }
    if (at === chunk.length) return;
    const rest = at === 0 ? chunk : chunk.subarray(at);
    if (this.#isBroken) sink.pass(rest);
    else this.#walk(rest, sink, false);
  }

  /** Hands on the whole frames of these bytes, and gathers the rest. False where no more may pass. */
  #walk(bytes: Buffer, sink: FrameSink, isOwn: boolean): boolean {
    const { length } = bytes;
    let control = 0;
    let fragments = 0;
    let passFrom = 0;
    let at = 0;
    while (at < length) {
      const end = frameEnd(bytes, at);
      if (end === undefined) break;
      if (end - at > this.#frameBytesMax + HEADER_BYTES_MAX + MASK_BYTES) {
        this.#isBroken = true;
        at = length;
        break;
      }
      if (end > length) break;
      const opcode = bytes[at]! & 0xf;
      const isLast = bytes[at]! >= 0x80;
      if (opcode < CLOSE && isLast) this.finished++;
      if (opcode >= CLOSE) control++;
      else if (!isLast || opcode === CONTINUATION) {
        fragments++;
        this.#isFragmented = !isLast;
        this.#fragmentBytes = isLast ? 0 : this.#fragmentBytes + end - at;
        // A fragment is kept by the library: alone, so that it does not keep what stands around it.
        if (!isLast && !isOwn && end - at < length / 2) {
          if (!sink.mayPass({ control, fragments })) return false;
          control = fragments = 0;
          if (at > passFrom) sink.pass(bytes.subarray(passFrom, at));
          sink.pass(copyOf(bytes, at, end));
          passFrom = end;
        }
      }
      at = end;
    }
    if (control + fragments > 0 && !sink.mayPass({ control, fragments })) return false;
    if (at > passFrom) sink.pass(passFrom === 0 && at === length ? bytes : bytes.subarray(passFrom, at));
    if (at < length) this.#gather(bytes, at);
    return true;
  }

  /** Adds bytes to the frame that is not whole; returns where the frame ends in them, -1 where it does not. */
  #gather(from: Buffer, start: number): number {
    let at = start;
    // The header first, byte by byte if need be: it tells how much belongs to the frame.
    for (;;) {
      const size =
        this.#gatheredBytes === 0 ? undefined : frameEnd(this.#gathered!.subarray(0, this.#gatheredBytes), 0);
      if (size === undefined) {
        if (at === from.length) return -1;
        const wanted = Math.min(from.length - at, this.#gatheredBytes < 2 ? 2 - this.#gatheredBytes : 1);
        this.#keep(from, at, at + wanted, HEADER_BYTES_MAX);
        at += wanted;
        continue;
      }
      if (size > this.#frameBytesMax + HEADER_BYTES_MAX + MASK_BYTES) return at; // the walk will see it too
      const end = Math.min(from.length, at + size - this.#gatheredBytes);
      this.#keep(from, at, end, size);
      return this.#gatheredBytes === size ? end : -1;
    }
  }

  #keep(from: Buffer, start: number, end: number, sizeMax: number): void {
    const needed = this.#gatheredBytes + end - start;
    let gathered = this.#gathered;
    if (gathered === undefined || gathered.length < needed) {
      const size = Math.min(Math.max(2 * needed, GATHER_BYTES_MIN), Math.max(sizeMax, needed));
      gathered = Buffer.allocUnsafeSlow(size);
      this.#gathered?.copy(gathered, 0, 0, this.#gatheredBytes);
      this.#gathered = gathered;
    }
    from.copy(gathered, this.#gatheredBytes, start, end);
    this.#gatheredBytes = needed;
  }
}

/** Where the first close frame (RFC 6455 §5.5.1) of these whole frames begins; -1 where there is none. */
export function closeFrameAt(bytes: Buffer): number {
  for (let at = 0; at < bytes.length;) {
    if ((bytes[at]! & 0xf) === CLOSE) return at;
    at = frameEnd(bytes, at) ?? bytes.length;
  }
  return -1;
}

/** Where the frame that begins at `at` ends; undefined where its header has not come whole. */
function frameEnd(bytes: Buffer, at: number): number | undefined {
  if (at + 2 > bytes.length) return undefined;
  const second = bytes[at + 1]!;
  const maskBytes = second >= 0x80 ? MASK_BYTES : 0;
  const short = second & 0x7f;
  if (short < 126) return at + 2 + maskBytes + short;
  if (short === 126) {
    if (at + 4 > bytes.length) return undefined;
    return at + 4 + maskBytes + bytes.readUInt16BE(at + 2);
  }
  if (at + 10 > bytes.length) return undefined;
  return at + 10 + maskBytes + Number(bytes.readBigUInt64BE(at + 2));
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
