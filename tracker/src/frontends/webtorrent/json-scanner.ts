// Walks through JSON bytes and proves them well-formed (RFC 8259) without building values, so that parts of a received frame can be
// forwarded as they are. Stricter than needed in one respect only: nesting is bounded. The bytes must be valid UTF-8 already.

const NESTING_MAX = 32;
const ENDS_PLAIN_RUN = new Uint8Array(256); // what may not stand unnoticed inside a string: control characters, quote, backslash
ENDS_PLAIN_RUN.fill(1, 0, 0x20);
ENDS_PLAIN_RUN[0x22] = ENDS_PLAIN_RUN[0x5c] = 1;
const IS_ESCAPE = new Uint8Array(256);
for (const char of '"\\/bfnrt') IS_ESCAPE[char.charCodeAt(0)] = 1;
const IS_HEX = new Uint8Array(256);
for (const char of '0123456789abcdefABCDEF') IS_HEX[char.charCodeAt(0)] = 1;
/** `\r\n` as JSON spells it, read as one little-endian number. */
const LINE_END = 0x6e5c725c;
const LITERALS = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')];

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

/** Each method takes a position and returns the next one, or -1 where the bytes are not JSON. */
export class JsonScanner {
  bytes: Buffer = Buffer.alloc(0);
  end = 0;
  /** The memory that `bytes` is a piece of. */
  view = new DataView(this.bytes.buffer);
  /** Whether the string that `string()` last walked through holds an escape. */
  hasEscape = false;

  reset(bytes: Buffer): void {
    this.bytes = bytes;
    this.end = bytes.length;
    if (this.view.buffer !== bytes.buffer) this.view = new DataView(bytes.buffer);
  }

  space(at: number): number {
    const { bytes, end } = this;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at++;
    }
    return at;
  }

  /** From the opening quote to behind the closing one. */
  string(at: number): number {
    const { bytes, end } = this;
    this.hasEscape = false;
    at++;
    for (;;) {
      at = this.#commonRun(at);
      if (at >= end) return -1;
      const byte = bytes[at]!;
      if (byte === QUOTE) return at + 1;
      if (byte !== 0x5c || at + 1 >= end) return -1;
      this.hasEscape = true;
      const escape = bytes[at + 1]!;
      if (IS_ESCAPE[escape] === 1) at += 2;
      else if (escape === 0x75 && this.#isHex(at + 2) && this.#isHex(at + 4)) at += 6;
      else return -1;
    }
  }

  number(at: number): number {
    const { bytes, end } = this;
    if (bytes[at] === 0x2d) at++;
    if (bytes[at] === 0x30) at++;
    else if ((at = this.#digits(at)) < 0) return -1;
    if (at < end && bytes[at] === 0x2e && (at = this.#digits(at + 1)) < 0) return -1;
    if (at < end && (bytes[at]! | 0x20) === 0x65) {
      at++;
      if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++;
      return this.#digits(at);
    }
    return at;
  }

  /** Any value, from its first byte to behind its last one. */
  value(at: number, depth = 0): number {
    if (at >= this.end) return -1;
    const byte = this.bytes[at]!;
    if (byte === QUOTE) return this.string(at);
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY)
      return depth < NESTING_MAX ? this.#container(at, depth + 1) : -1;
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return this.number(at);
    for (const literal of LITERALS) if (this.startsWith(at, literal)) return at + literal.length;
    return -1;
  }

  startsWith(at: number, expected: Buffer): boolean {
    if (at + expected.length > this.end) return false;
    for (let index = 0; index < expected.length; index++)
      if (this.bytes[at + index] !== expected[index]) return false;
    return true;
  }

  /**
   * Passes over what SDP is made of, four bytes at a time: bytes that stand for themselves, and line ends (`\r\n`, spelled in four bytes).
   * A byte less than 0x20, a quote or a backslash leaves its high bit set in `found` (the zero-byte test of word-at-a-time string functions;
   * a borrow only reaches bytes above one that was found).
   */
  #commonRun(at: number): number {
    const { bytes, end, view } = this;
    const offset = bytes.byteOffset;
    const lastWord = end - 4;
    while (at <= lastWord) {
      const word = view.getInt32(offset + at, true);
      const found =
        ((word - 0x20202020) | ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101)) &
        ~word &
        0x80808080;
      if (found === 0) {
        at += 4;
        continue;
      }
      at += (31 - Math.clz32(found & -found)) >> 3;
      if (at > lastWord || view.getInt32(offset + at, true) !== LINE_END) return at;
      this.hasEscape = true;
      at += 4;
    }
    while (at < end && ENDS_PLAIN_RUN[bytes[at]!] === 0) at++;
    return at;
  }

  #isHex(at: number): boolean {
    return at + 1 < this.end && (IS_HEX[this.bytes[at]!]! & IS_HEX[this.bytes[at + 1]!]!) === 1;
  }

  #digits(at: number): number {
    const start = at;
    while (at < this.end && this.bytes[at]! >= 0x30 && this.bytes[at]! <= 0x39) at++;
    return at > start ? at : -1;
  }

  #container(at: number, depth: number): number {
    const { bytes, end } = this;
    const isObject = bytes[at] === OPEN_OBJECT;
    const close = isObject ? CLOSE_OBJECT : CLOSE_ARRAY;
    at = this.space(at + 1);
    if (at < end && bytes[at] === close) return at + 1;
    for (;;) {
      if (isObject) {
        if (at >= end || bytes[at] !== QUOTE || (at = this.string(at)) < 0) return -1;
        at = this.space(at);
        if (at >= end || bytes[at] !== COLON) return -1;
        at = this.space(at + 1);
      }
      if ((at = this.value(at, depth)) < 0) return -1;
      at = this.space(at);
      if (at >= end) return -1;
      if (bytes[at] === close) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = this.space(at + 1);
    }
  }
}
