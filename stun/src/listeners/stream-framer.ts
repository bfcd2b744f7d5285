// Cuts a TCP stream into STUN messages and ChannelData messages (RFC 8489 §6.2.2, RFC 8656 §12.5). Pure. What lies whole in a
// chunk is handed on where it lies; only the message across two chunks is put together, each byte copied once.
import { CHANNEL_HEADER_BYTES, HEADER_BYTES, MAGIC_COOKIE } from '../stun/constants.ts';

/** A STUN message's head up to its cookie tells its length and whether it is one. */
const STUN_PREFIX_BYTES = 8;
/** The longest message of a client that has no allocation: an Allocate with everything that it may carry. */
const STRANGER_BYTES_MAX = 2_048;

export type OnMessage = (data: Buffer, start: number, end: number) => void;

export class StreamFramer {
  readonly #onMessage: OnMessage;
  /** Strangers may send short STUN messages only. */
  readonly #isStranger: () => boolean;
  readonly #isHeld: () => boolean;
  /** What has come and may not be read yet. */
  #rest: Buffer | undefined;
  /** The beginning of a message across chunks: `#held` bytes are there. Handed on and then left, as chunks are. */
  #partial = Buffer.alloc(0);
  #held = 0;

  /** `isHeld`: asked after each message; where it is true, the rest waits for `goOn()`. */
  constructor(onMessage: OnMessage, isStranger: () => boolean, isHeld: () => boolean = () => false) {
    this.#onMessage = onMessage;
    this.#isStranger = isStranger;
    this.#isHeld = isHeld;
  }

  /** What is kept until more comes, or until it may be read. */
  get bytes(): number {
    return this.#partial.length + (this.#rest?.length ?? 0);
  }

  /** Reads what has waited; as `push()`. */
  goOn(): boolean {
    const rest = this.#rest;
    this.#rest = undefined;
    return rest === undefined || this.push(rest);
  }

  /** False: this is no TURN client, or it breaks a rule; nothing more is read. */
  push(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#isHeld()) {
        // A chunk that was read before the hold may come behind it.
        const rest = chunk.subarray(at);
        this.#rest = this.#rest === undefined ? Buffer.from(rest) : Buffer.concat([this.#rest, rest]);
        return true;
      }
      if (this.#held > 0) {
        const taken = this.#complete(chunk, at);
        if (taken < 0) return false;
        at += taken;
        continue;
      }
      const length = messageBytes(chunk, at, chunk.length);
      if (!this.#isAccepted(chunk[at]!, length)) return false;
      if (length === 0 || at + length > chunk.length) {
        this.#hold(chunk, at, chunk.length, length || prefixBytes(chunk[at]!));
        return true;
      }
      this.#onMessage(chunk, at, at + length);
      at += length;
    }
    return true;
  }

  /** Takes what the held message still needs; returns how much that was, or -1. */
  #complete(chunk: Buffer, at: number): number {
    const first = this.#partial[0]!;
    const wanted = messageBytes(this.#partial, 0, this.#held) || prefixBytes(first);
    const taken = Math.min(wanted - this.#held, chunk.length - at);
    this.#hold(chunk, at, at + taken, wanted);
    const length = messageBytes(this.#partial, 0, this.#held);
    if (!this.#isAccepted(first, length)) return -1;
    if (length > 0 && this.#held === length) {
      const message = this.#partial;
      this.#partial = Buffer.alloc(0);
      this.#held = 0;
      this.#onMessage(message, 0, length);
    }
    return taken;
  }

  #hold(chunk: Buffer, start: number, end: number, room: number): void {
    if (this.#partial.length < room) {
      const larger = Buffer.allocUnsafe(room);
      this.#partial.copy(larger, 0, 0, this.#held);
      this.#partial = larger;
    }
    this.#held += chunk.copy(this.#partial, this.#held, start, end);
  }

  #isAccepted(first: number, length: number): boolean {
    if (length < 0) return false;
    return !this.#isStranger() || (first < 0x40 && length <= STRANGER_BYTES_MAX);
  }
}

/** Of the message that begins at `at`, with padding; 0 where too little of it is there to tell; -1 where it is none. */
function messageBytes(data: Buffer, at: number, end: number): number {
  const first = data[at]!;
  if (first >= 0x80) return -1;
  if (end - at < prefixBytes(first)) return 0;
  const length = data.readUInt16BE(at + 2);
  if (first >= 0x40) return (CHANNEL_HEADER_BYTES + length + 3) & ~3;
  return data.readUInt32BE(at + 4) === MAGIC_COOKIE && length % 4 === 0 ? HEADER_BYTES + length : -1;
}

const prefixBytes = (first: number): number => (first < 0x40 ? STUN_PREFIX_BYTES : CHANNEL_HEADER_BYTES);
