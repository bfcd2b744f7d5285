// Reads one STUN message (RFC 8489 §5, §14). Pure. One reader serves all messages in turn and allocates nothing:
// it notes where the attributes stand; what it says is true until the next `read()`.
import { addressText } from '@relay-swarm/net/ip';
import { hasFingerprint } from './fingerprint.ts';
import {
  ATTRIBUTE,
  CHANGE_REQUEST,
  CLASS,
  CLASS_MASK,
  FAMILY_IPV4,
  FAMILY_IPV6,
  HEADER_BYTES,
  MAGIC_COOKIE,
  METHOD,
  mustBeRefused,
} from './constants.ts';

/** More attributes than any real message has; a message with more is not read. */
export const ATTRIBUTES_MAX = 128;

const TRANSACTION_ID_AT = 8;
/** RFC 3489 had no cookie; of its messages only this one is still met. */
const CLASSIC_BINDING = CLASS.request | METHOD.binding;

export class MessageReader {
  data: Buffer = Buffer.alloc(0);
  /** Where the message begins and ends in `data`. */
  start = 0;
  end = 0;
  class = 0;
  method = 0;
  /** A Binding request of RFC 3489, whose transaction id begins where later ones have the magic cookie. */
  isClassic = false;
  hasFingerprint = false;
  /** Whether there is an attribute that a receiver has to refuse. */
  hasUnknown = false;
  readonly #types = new Uint16Array(ATTRIBUTES_MAX);
  readonly #starts = new Uint32Array(ATTRIBUTES_MAX);
  readonly #lengths = new Uint16Array(ATTRIBUTES_MAX);
  #count = 0;

  /** False where the bytes are no well-formed message. What stands behind the integrity is not seen (RFC 8489 §14.5). */
  read(data: Buffer, start: number, end: number): boolean {
    if (end - start < HEADER_BYTES || end > data.length) return false;
    const type = data.readUInt16BE(start);
    const isClassic = data.readUInt32BE(start + 4) !== MAGIC_COOKIE;
    if (type >= 0x4000 || (isClassic && type !== CLASSIC_BINDING)) return false;
    if (data.readUInt16BE(start + 2) !== end - start - HEADER_BYTES || (end - start) % 4 !== 0) return false;
    this.data = data;
    this.start = start;
    this.end = end;
    this.class = type & CLASS_MASK;
    this.method = (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2);
    this.isClassic = isClassic;
    this.hasFingerprint = false;
    this.hasUnknown = false;
    this.#count = 0;
    return this.#readAttributes();
  }

  #readAttributes(): boolean {
    const { data, end } = this;
    let sealed = false; // by MESSAGE-INTEGRITY
    let sealed256 = false; // by MESSAGE-INTEGRITY-SHA256
    for (let at = this.start + HEADER_BYTES; at < end;) {
      const type = data.readUInt16BE(at);
      const length = data.readUInt16BE(at + 2);
      const value = at + 4;
      const next = value + ((length + 3) & ~3);
      if (next > end) return false;
      if (type === ATTRIBUTE.fingerprint) {
        // It is the last attribute, and wrong means: not STUN, or damaged on the way (RFC 8489 §14.7).
        if (length !== 4 || next !== end || !hasFingerprint(data, this.start, at)) return false;
        this.hasFingerprint = true;
      } else if (!sealed256 && (!sealed || type === ATTRIBUTE.messageIntegritySha256)) {
        if (this.#count === ATTRIBUTES_MAX) return false;
        this.#types[this.#count] = type;
        this.#starts[this.#count] = value;
        this.#lengths[this.#count] = length;
        this.#count++;
        if (this.#isRefused(this.#count - 1)) this.hasUnknown = true;
        if (type === ATTRIBUTE.messageIntegrity) sealed = true;
        if (type === ATTRIBUTE.messageIntegritySha256) sealed256 = true;
      }
      at = next;
    }
    return true;
  }

  #isRefused(index: number): boolean {
    const type = this.#types[index]!;
    if (!mustBeRefused(type)) return false;
    // Clients of RFC 3489 send one with every request.
    const isEmpty = type === CHANGE_REQUEST && this.#lengths[index] === 4;
    return !(isEmpty && this.data.readUInt32BE(this.#starts[index]) === 0);
  }

  /** The first attribute of that type from `from` on, or -1. Only the first counts where one is enough (RFC 8489 §14). */
  find(type: number, from = 0): number {
    for (let index = from; index < this.#count; index++) if (this.#types[index] === type) return index;
    return -1;
  }

  has(type: number): boolean {
    return this.find(type) >= 0;
  }

  valueStart(index: number): number {
    return this.#starts[index]!;
  }

  valueLength(index: number): number {
    return this.#lengths[index]!;
  }

  /** A view of the value, or undefined where there is none of that type. */
  bytes(type: number): Buffer | undefined {
    const index = this.find(type);
    if (index < 0) return undefined;
    return this.data.subarray(this.valueStart(index), this.valueStart(index) + this.valueLength(index));
  }

  text(type: number): string | undefined {
    return this.bytes(type)?.toString('utf8');
  }

  /** A number that fills its attribute's first `bytes` of 4; undefined where there is none or it has another length. */
  number(type: number, bytes: 1 | 2 | 4): number | undefined {
    const index = this.find(type);
    if (index < 0 || this.valueLength(index) !== (type === ATTRIBUTE.evenPort ? 1 : 4)) return undefined;
    return this.data.readUIntBE(this.valueStart(index), bytes);
  }

  /** The address of an XOR-…-ADDRESS attribute (RFC 8489 §14.2), or undefined where it is malformed. */
  xorAddress(index: number): { address: string; port: number } | undefined {
    const at = this.valueStart(index);
    const length = this.valueLength(index);
    if (length < 8) return undefined;
    const family = this.data[at + 1];
    const wanted = family === FAMILY_IPV4 ? 4 : family === FAMILY_IPV6 ? 16 : 0;
    if (wanted === 0 || length !== 4 + wanted) return undefined;
    const port = this.data.readUInt16BE(at + 2) ^ (MAGIC_COOKIE >>> 16);
    const bytes = new Uint8Array(wanted);
    // The mask is the cookie followed by the transaction id, which is how they stand in the header.
    for (let i = 0; i < wanted; i++) bytes[i] = this.data[at + 4 + i]! ^ this.data[this.start + 4 + i]!;
    return { address: addressText(bytes), port };
  }

  /** The magic cookie; of a classic message the first bytes of its transaction id. */
  get cookie(): number {
    return this.data.readUInt32BE(this.start + 4);
  }

  get transactionId(): Buffer {
    return this.data.subarray(this.start + TRANSACTION_ID_AT, this.start + HEADER_BYTES);
  }

  /** The types that a receiver has to refuse (RFC 8489 §6.3), each once; for RFC 3489 (§11.2.10) an even number of them. */
  unknownTypes(): number[] {
    const unknown = new Set<number>();
    for (let index = 0; index < this.#count; index++) {
      if (this.#isRefused(index)) unknown.add(this.#types[index]!);
    }
    const types = [...unknown];
    if (this.isClassic && types.length % 2 !== 0) types.push(types[0]!);
    return types;
  }
}
