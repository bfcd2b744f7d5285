// Writes one STUN message (RFC 8489 §5, §14) into the arena. One writer serves all messages in turn.
import { fingerprint } from './fingerprint.ts';
import { addressBytes } from '@relay-swarm/net/ip';
import { computeIntegrity, integrityBytes, type IntegrityKind } from './integrity.ts';
import type { PacketArena } from './packet-arena.ts';
import {
  ATTRIBUTE,
  FAMILY_IPV4,
  FAMILY_IPV6,
  HEADER_BYTES,
  MAGIC_COOKIE,
  REASONS,
  type ErrorCode,
} from './constants.ts';

/** Everything a response may carry, the longest realm and software name included. */
const RESPONSE_BYTES_MAX = 1_024;
/** REALM and SOFTWARE longer than this are refused at the start. */
export const NAME_BYTES_MAX = 128;

export class MessageWriter {
  readonly #arena: PacketArena;
  data: Buffer;
  start = 0;
  end = 0;

  constructor(arena: PacketArena) {
    this.#arena = arena;
    this.data = arena.buffer;
  }

  /** `transactionId` is read from its own buffer, which may be a view of the request. */
  begin(
    messageClass: number,
    method: number,
    transactionId: Uint8Array,
    bytesMax = RESPONSE_BYTES_MAX,
  ): this {
    this.start = this.#arena.take(bytesMax);
    this.data = this.#arena.buffer;
    const type = messageClass | (method & 0x000f) | ((method & 0x0070) << 1) | ((method & 0x0f80) << 2);
    this.data.writeUInt16BE(type, this.start);
    this.data.writeUInt16BE(0, this.start + 2);
    this.data.writeUInt32BE(MAGIC_COOKIE, this.start + 4);
    this.data.set(transactionId, this.start + 8);
    this.end = this.start + HEADER_BYTES;
    return this;
  }

  /** Writes an attribute's head and padding; returns where its value goes. */
  #open(type: number, length: number): number {
    const value = this.end + 4;
    this.data.writeUInt16BE(type, this.end);
    this.data.writeUInt16BE(length, this.end + 2);
    this.end = value + ((length + 3) & ~3);
    this.data.fill(0, value + length, this.end);
    this.data.writeUInt16BE(this.end - this.start - HEADER_BYTES, this.start + 2);
    return value;
  }

  bytes(type: number, value: Uint8Array): this {
    this.data.set(value, this.#open(type, value.length));
    return this;
  }

  /** The part of another buffer from `from` to `to`, without a view of it. */
  copy(type: number, source: Buffer, from: number, to: number): this {
    source.copy(this.data, this.#open(type, to - from), from, to);
    return this;
  }

  number(type: number, value: number): this {
    this.data.writeUInt32BE(value, this.#open(type, 4));
    return this;
  }

  /** Answers a message of RFC 3489: its cookie is part of its transaction id (RFC 8489 §11). */
  classic(cookie: number): this {
    this.data.writeUInt32BE(cookie, this.start + 4);
    return this;
  }

  /** MAPPED-ADDRESS (RFC 8489 §14.1). */
  mappedAddress(address: string, port: number): this {
    const bytes = addressBytes(address);
    if (bytes === undefined) throw new Error(`Cannot write an address: found "${address}"`);
    const at = this.#open(ATTRIBUTE.mappedAddress, 4 + bytes.length);
    this.data[at] = 0;
    this.data[at + 1] = bytes.length === 4 ? FAMILY_IPV4 : FAMILY_IPV6;
    this.data.writeUInt16BE(port, at + 2);
    this.data.set(bytes, at + 4);
    return this;
  }

  /** RFC 8489 §14.2. The address must be one; text that is none is our bug. */
  xorAddress(type: number, address: string | Uint8Array, port: number): this {
    const bytes = typeof address === 'string' ? addressBytes(address) : address;
    if (bytes === undefined) throw new Error(`Cannot write an address: found "${String(address)}"`);
    const at = this.#open(type, 4 + bytes.length);
    this.data[at] = 0;
    this.data[at + 1] = bytes.length === 4 ? FAMILY_IPV4 : FAMILY_IPV6;
    this.data.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), at + 2);
    for (let i = 0; i < bytes.length; i++) {
      this.data[at + 4 + i] = bytes[i]! ^ this.data[this.start + 4 + i]!;
    }
    return this;
  }

  /** RFC 8489 §14.8. */
  errorCode(code: ErrorCode): this {
    const reason = REASONS[code];
    const at = this.#open(ATTRIBUTE.errorCode, 4 + reason.length);
    this.data.writeUInt32BE((Math.floor(code / 100) << 8) | (code % 100), at);
    this.data.write(reason, at + 4, 'latin1');
    return this;
  }

  /** RFC 8489 §14.13. */
  unknownAttributes(types: readonly number[]): this {
    const at = this.#open(ATTRIBUTE.unknownAttributes, types.length * 2);
    types.forEach((type, index) => this.data.writeUInt16BE(type, at + index * 2));
    return this;
  }

  /** RFC 8656 §18.13: why the second family of a dual allocation is missing. */
  addressErrorCode(family: number, code: ErrorCode): this {
    const reason = REASONS[code];
    const at = this.#open(ATTRIBUTE.addressErrorCode, 4 + reason.length);
    this.data.writeUInt32BE(((family << 24) | (Math.floor(code / 100) << 8) | (code % 100)) >>> 0, at);
    this.data.write(reason, at + 4, 'latin1');
    return this;
  }

  integrity(kind: IntegrityKind, key: Buffer): this {
    const at = this.end;
    const bytes = integrityBytes(kind);
    const value = this.#open(
      kind === 'sha1' ? ATTRIBUTE.messageIntegrity : ATTRIBUTE.messageIntegritySha256,
      bytes,
    );
    this.data.set(computeIntegrity(kind, key, this.data, this.start, at, bytes), value);
    return this;
  }

  fingerprint(): this {
    const at = this.end;
    const value = this.#open(ATTRIBUTE.fingerprint, 4);
    this.data.writeUInt32BE(fingerprint(this.data, this.start, at), value);
    return this;
  }

  /** The message is `data` from `start` to `end`. */
  finish(): this {
    this.#arena.trim(this.end);
    return this;
  }
}
