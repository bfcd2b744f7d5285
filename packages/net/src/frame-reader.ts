// Reads WebSocket frames as a server gets them (RFC 6455 §5): masked, perhaps in fragments, perhaps in pieces. Whole frames are unmasked and
// passed on in place. Only parts of frames are copied, so that one byte never keeps a whole read of the socket in memory.
// No sockets, no clock. Held to the library `ws` by a differential fuzz. The only importer of bufferutil.
// Long because framing is one state machine: in two files each half would have to know the other's fields.
import { isUtf8 } from 'node:buffer';
import bufferUtil from 'bufferutil';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A breach of RFC 6455 or of a limit: the connection is to be closed with this code. `name` is what `ws` calls it. */
export interface FrameFault {
  readonly closeCode: 1002 | 1007 | 1008 | 1009;
  readonly name: string;
  readonly reason: string;
}

/** One connection, as far as reading its frames goes. */
export interface FrameSink {
  /** What has come of a message or frame that is not whole; kept by the reader. */
  partial: PartialMessage | undefined;
  /** False once it is being closed: of what still comes only a close frame is looked at. May change in each of the calls below. */
  readonly isReading: boolean;
  /** A whole message; text is valid UTF-8. The bytes are valid until this returns. */
  message(payload: Buffer, isBinary: boolean): void;
  /** A ping, pong or close frame, valid until this returns. A close frame has a valid code, or no payload. */
  control(opcode: number, payload: Buffer): void;
  /** Before a control frame or a fragment is looked at, since these cost work and are no messages. False: no more of this connection. */
  mayRead(): boolean;
  /** Nothing can be read any more. */
  broken(fault: FrameFault): void;
}

export interface FrameReaderLimits {
  readonly messageBytesMax: number;
  readonly fragmentsMax: number;
}

/** Of each piece that is kept, beside its bytes: a Buffer and what it stands in. */
const PIECE_BYTES = 300;
const GATHER_BYTES_MIN = 256;
const MASK_BYTES = 4;
const CONTROL_BYTES_MAX = 125;
/** Below this a loop beats the call into the native library. */
const NATIVE_UNMASK_BYTES = 48;
const NEEDS_MORE = 0;
const BROKEN = -1;

export class PartialMessage {
  /** For the caller, which counts the time and memory that it takes. */
  sinceMs = 0;
  /** The beginning of a frame. */
  gathered: Buffer | undefined = undefined;
  gatheredBytes = 0;
  /** Opcode of a message in fragments whose last one has not come; 0 where there is none. */
  opcode = 0;
  fragments: Buffer[] = [];
  fragmentsSeen = 0;
  payloadBytes = 0;
  /** A fault was told: whatever comes is thrown away. */
  isBroken = false;

  get heldBytes(): number {
    return (this.gathered?.length ?? 0) + this.payloadBytes + PIECE_BYTES * (1 + this.fragments.length);
  }
}

/** One for a server. */
export class FrameReader {
  readonly #limits: FrameReaderLimits;
  // Of the header that was read last:
  #opcode = 0;
  #isFinal = false;
  #headerBytes = 0;
  #payloadBytes = 0;
  #fault: FrameFault | undefined = undefined;
  readonly #mask = Buffer.alloc(MASK_BYTES);

  constructor(limits: FrameReaderLimits) {
    this.#limits = limits;
  }

  /** Takes what was read from the socket; its memory is the caller's again when this returns. */
  read(sink: FrameSink, chunk: Buffer): void {
    const { partial } = sink;
    let at = 0;
    if (partial !== undefined) {
      if (partial.isBroken) return;
      if (partial.gatheredBytes > 0) at = this.#goOn(sink, partial, chunk);
    }
    const { length } = chunk;
    while (at !== BROKEN && at < length) {
      const size = this.#header(sink.partial, chunk, at, length);
      if (size === BROKEN) {
        at = this.#break(sink, this.#fault!);
      } else if (size === NEEDS_MORE || at + size > length) {
        this.#keep((sink.partial ??= new PartialMessage()), chunk, at, length, size);
        return;
      } else at = this.#frame(sink, chunk, at, false) ? at + size : BROKEN;
    }
  }

  /** Goes on with a frame whose beginning is there; returns where it ends in the chunk. */
  #goOn(sink: FrameSink, partial: PartialMessage, chunk: Buffer): number {
    let at = 0;
    for (;;) {
      // The header first: it tells how much belongs to the frame.
      const size = this.#header(partial, partial.gathered!, 0, partial.gatheredBytes);
      if (size === BROKEN) return this.#break(sink, this.#fault!);
      if (size === partial.gatheredBytes) break;
      const wanted = size === NEEDS_MORE ? this.#headerBytes : size;
      const end = Math.min(chunk.length, at + wanted - partial.gatheredBytes);
      if (end === at) return at;
      this.#keep(partial, chunk, at, end, size);
      at = end;
    }
    const frame = partial.gathered!;
    partial.gathered = undefined;
    partial.gatheredBytes = 0;
    if (partial.opcode === 0) sink.partial = undefined;
    return this.#frame(sink, frame, 0, true) ? at : BROKEN;
  }

  #keep(partial: PartialMessage, from: Buffer, start: number, end: number, frameBytes: number): void {
    const needed = partial.gatheredBytes + end - start;
    let { gathered } = partial;
    if (gathered === undefined || gathered.length < needed) {
      // Twice as much each time, so that each byte is copied a few times at most; no more than the frame has.
      const room = Math.max(2 * needed, GATHER_BYTES_MIN);
      gathered = Buffer.allocUnsafeSlow(
        frameBytes === NEEDS_MORE ? room : Math.max(needed, Math.min(room, frameBytes)),
      );
      partial.gathered?.copy(gathered, 0, 0, partial.gatheredBytes);
      partial.gathered = gathered;
    }
    from.copy(gathered, partial.gatheredBytes, start, end);
    partial.gatheredBytes = needed;
  }

  /** Reads a header (RFC 6455 §5.2). Returns the size of the frame, NEEDS_MORE (`#headerBytes` says how much), or BROKEN. */
  #header(partial: PartialMessage | undefined, bytes: Buffer, at: number, end: number): number {
    this.#headerBytes = 2;
    if (at + 2 > end) return NEEDS_MORE;
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    const opcode = first & 0xf;
    const short = second & 0x7f;
    this.#isFinal = first >= 0x80;
    this.#opcode = opcode;
    if ((first & 0x70) !== 0)
      return this.#fails(
        1002,
        (first & 0x30) === 0 ? 'WS_ERR_UNEXPECTED_RSV_1' : 'WS_ERR_UNEXPECTED_RSV_2_3',
        'Reserved bits must be clear',
      );
    const fragmented = partial?.opcode ?? 0;
    if (opcode >= OPCODE.close) {
      if (opcode > OPCODE.pong) return this.#failsByOpcode(opcode);
      if (!this.#isFinal)
        return this.#fails(1002, 'WS_ERR_EXPECTED_FIN', 'A control frame must not be fragmented');
      if (short > CONTROL_BYTES_MAX || (opcode === OPCODE.close && short === 1))
        return this.#fails(
          1002,
          'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
          `A control frame cannot have ${short} bytes`,
        );
    } else if (opcode > OPCODE.binary || (opcode === OPCODE.continuation) !== (fragmented !== 0))
      return this.#failsByOpcode(opcode);
    if (second < 0x80) return this.#fails(1002, 'WS_ERR_EXPECTED_MASK', 'Frames of a client must be masked');
    let payloadBytes = short;
    if (short >= 126) {
      this.#headerBytes = short === 126 ? 4 : 10;
      if (at + this.#headerBytes > end) return NEEDS_MORE;
      payloadBytes =
        short === 126
          ? (bytes[at + 2]! << 8) | bytes[at + 3]!
          : bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
    }
    if (payloadBytes > Number.MAX_SAFE_INTEGER)
      return this.#fails(1009, 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 'No message is that long');
    this.#headerBytes += MASK_BYTES;
    this.#payloadBytes = payloadBytes;
    const before = fragmented === 0 ? 0 : partial!.payloadBytes;
    if (opcode < OPCODE.close && payloadBytes > 0 && before + payloadBytes > this.#limits.messageBytesMax)
      return this.#fails(
        1009,
        'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
        `A message may have ${this.#limits.messageBytesMax} bytes`,
      );
    return this.#headerBytes + payloadBytes;
  }

  /** Takes a whole frame whose header has been read; `isOwn`: its bytes may be kept. False where nothing more is to be read. */
  #frame(sink: FrameSink, bytes: Buffer, at: number, isOwn: boolean): boolean {
    const opcode = this.#opcode;
    const isFinal = this.#isFinal;
    if (!sink.isReading) {
      if (opcode !== OPCODE.close) return true;
    } else if ((!isFinal || opcode === OPCODE.continuation || opcode >= OPCODE.close) && !sink.mayRead()) {
      // Its price could not be paid, so it is being closed.
      if (opcode !== OPCODE.close) return true;
    }
    const start = at + this.#headerBytes;
    const end = start + this.#payloadBytes;
    if (end > start) this.#unmask(bytes, start, end);
    if (opcode >= OPCODE.close) return this.#control(sink, opcode, bytes.subarray(start, end));
    if (isFinal && opcode !== OPCODE.continuation)
      return this.#message(sink, opcode, bytes.subarray(start, end));
    return this.#fragment(sink, opcode, bytes, start, end, isOwn, isFinal);
  }

  #fragment(
    sink: FrameSink,
    opcode: number,
    bytes: Buffer,
    start: number,
    end: number,
    isOwn: boolean,
    isFinal: boolean,
  ): boolean {
    const partial = (sink.partial ??= new PartialMessage());
    if (opcode !== OPCODE.continuation) partial.opcode = opcode;
    if (++partial.fragmentsSeen > this.#limits.fragmentsMax)
      return (
        this.#break(sink, {
          closeCode: 1008,
          name: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
          reason: `A message may have ${this.#limits.fragmentsMax} fragments`,
        }),
        false
      );
    if (end > start) {
      const piece = bytes.subarray(start, end);
      partial.fragments.push(isOwn || isFinal ? piece : ownCopy(piece));
      partial.payloadBytes += piece.length;
    }
    if (!isFinal) return true;
    sink.partial = undefined;
    const { fragments } = partial;
    const whole = fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments, partial.payloadBytes);
    return this.#message(sink, partial.opcode, whole);
  }

  #message(sink: FrameSink, opcode: number, payload: Buffer): boolean {
    if (opcode === OPCODE.text && !isUtf8(payload)) return this.#invalidText(sink);
    sink.message(payload, opcode === OPCODE.binary);
    return true;
  }

  #control(sink: FrameSink, opcode: number, payload: Buffer): boolean {
    if (opcode === OPCODE.close && payload.length >= 2) {
      const code = payload.readUInt16BE(0);
      if (!isCloseCode(code)) {
        this.#fails(1002, 'WS_ERR_INVALID_CLOSE_CODE', `A connection cannot be closed with code ${code}`);
        return (this.#break(sink, this.#fault!), false);
      }
      if (!isUtf8(payload.subarray(2))) return this.#invalidText(sink);
    }
    if (opcode === OPCODE.close) this.#ignoreTheRest(sink);
    sink.control(opcode, payload);
    return opcode !== OPCODE.close;
  }

  #invalidText(sink: FrameSink): false {
    this.#fails(1007, 'WS_ERR_INVALID_UTF8', 'Text must be valid UTF-8');
    this.#break(sink, this.#fault!);
    return false;
  }

  /** Tells the fault; not where it is closed already. */
  #break(sink: FrameSink, fault: FrameFault): typeof BROKEN {
    this.#ignoreTheRest(sink);
    if (sink.isReading) sink.broken(fault);
    return BROKEN;
  }

  #ignoreTheRest(sink: FrameSink): void {
    sink.partial = ENDED;
  }

  #failsByOpcode(opcode: number): typeof BROKEN {
    return this.#fails(1002, 'WS_ERR_INVALID_OPCODE', `A frame with opcode ${opcode} is not expected here`);
  }

  #fails(closeCode: FrameFault['closeCode'], name: string, reason: string): typeof BROKEN {
    this.#fault = { closeCode, name, reason };
    return BROKEN;
  }

  /** In place. The mask stands right before the payload. */
  #unmask(bytes: Buffer, start: number, end: number): void {
    if (end - start < NATIVE_UNMASK_BYTES) {
      for (let at = start, from = start - MASK_BYTES; at < end; at++)
        bytes[at]! ^= bytes[from + ((at - start) & 3)]!;
      return;
    }
    const mask = this.#mask;
    for (let index = 0; index < MASK_BYTES; index++) mask[index] = bytes[start - MASK_BYTES + index]!;
    bufferUtil.unmask(bytes.subarray(start, end), mask);
  }
}

/** Of all connections from which nothing more is read. */
const ENDED = new PartialMessage();
ENDED.isBroken = true;

function ownCopy(piece: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(piece.length);
  piece.copy(copy);
  return copy;
}

/** Those that may stand in a close frame (RFC 6455 §7.4, and IANA's registry). */
const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
  (code >= 3000 && code <= 4999);
