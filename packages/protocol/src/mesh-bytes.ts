// Bytes of the mesh's frames: whole numbers as LEB128 varints, ids as raw bytes. Reading never goes past the end.
import { ProtocolError } from './fields.ts';

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}

/** The text must be hexadecimal of even length: readers check it before. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digit(text.charCodeAt(2 * i)) << 4) | digit(text.charCodeAt(2 * i + 1));
  }
  return bytes;
}

/** Digits end in their values, letters in theirs less nine. */
const digit = (code: number): number => (code & 15) + (code > 57 ? 9 : 0);

export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#room(1)[this.#length++] = value;
    return this;
  }

  /** A whole number from 0 to 2^53 - 1. */
  varint(value: number): this {
    let left = value;
    while (left > 127) {
      this.u8((left % 128) | 128);
      left = Math.floor(left / 128); // shifts would cut the number to 32 bits
    }
    return this.u8(left);
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length).set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  hex(value: string): this {
    return this.bytes(fromHex(value));
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(more: number): Uint8Array {
    if (this.#length + more > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  varint(max = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value <= max) return value;
        break;
      }
      scale *= 128;
    }
    throw new ProtocolError(`Cannot read a number: wanted a whole number from 0 to ${max}`);
  }

  /** A window on the next bytes, not a copy. */
  take(length: number): Uint8Array {
    if (length > this.left) {
      throw new ProtocolError(`Cannot read ${length} bytes: the frame ends after ${this.left}`);
    }
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  hex(bytes: number): string {
    return toHex(this.take(bytes));
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }
}
