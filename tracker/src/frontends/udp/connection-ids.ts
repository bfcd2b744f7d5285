// Connection ids of the UDP tracker protocol (BEP 15), without a table: an id is a MAC of the address and the time. So asking for ids takes
// no memory, and a client can only use an id of an address at which it receives.
import { createCipheriv, createHmac, type Cipher } from 'node:crypto';

/** An id is good for at least this long after it was given out, and at most for twice as long. */
const PERIOD_MS = 120_000;
const BLOCK_BYTES = 16;
/** Length and period stand before the address. */
const HEAD_BYTES = 3;
const ADDRESS_CHARS_MAX = 45;

export class ConnectionIds {
  /** One cipher for good: making one costs more than many blocks. */
  readonly #cipher: Cipher;
  readonly #text = Buffer.alloc(HEAD_BYTES + ADDRESS_CHARS_MAX); // three blocks

  /** What is to be added to the times that are passed in. */
  readonly #aheadMs: () => number;

  /** `key` are 32 random bytes, new at every start. */
  constructor(key: Buffer, aheadMs: () => number = () => 0) {
    this.#cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    this.#aheadMs = aheadMs;
  }

  /**
   * Those of several nodes, which take each other's: the key comes from what they have in common, and periods are those of the time of day.
   * `aheadMs`: how far that is ahead of the times that are passed in.
   */
  static shared(secret: string, aheadMs: () => number): ConnectionIds {
    return new ConnectionIds(createHmac('sha256', secret).update('UDP connection ids').digest(), aheadMs);
  }

  create(address: string, nowMs: number): bigint {
    return this.#code(address, this.#period(nowMs));
  }

  isValid(id: bigint, address: string, nowMs: number): boolean {
    const period = this.#period(nowMs);
    // The next period's too: another node's clock may be a little ahead.
    return (
      id === this.#code(address, period) ||
      id === this.#code(address, period - 1) ||
      id === this.#code(address, period + 1)
    );
  }

  #period(nowMs: number): number {
    return Math.floor((nowMs + this.#aheadMs()) / PERIOD_MS);
  }

  /**
   * CBC-MAC by AES, a fifth of what an HMAC costs. The length comes first, so that no text is the beginning of another one (FIPS 113, and
   * Bellare, Kilian and Rogaway 2000 §6, on why it must).
   */
  #code(address: string, period: number): bigint {
    const text = this.#text;
    text[0] = address.length;
    text.writeUInt16BE(period & 0xffff, 1);
    let end = HEAD_BYTES + text.write(address, HEAD_BYTES, ADDRESS_CHARS_MAX, 'latin1');
    while (end % BLOCK_BYTES !== 0) text[end++] = 0;
    let code = this.#cipher.update(text.subarray(0, BLOCK_BYTES));
    for (let start = BLOCK_BYTES; start < end; start += BLOCK_BYTES) {
      for (let at = 0; at < BLOCK_BYTES; at++) code[at]! ^= text[start + at]!;
      code = this.#cipher.update(code);
    }
    return code.readBigUInt64BE(0);
  }
}
