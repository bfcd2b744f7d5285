// Connection ids of the UDP tracker protocol (BEP 15), without a table: an id is a code over the address and the time, so nobody can
// fill the memory by asking for ids, and nobody can use the id of an address from which he cannot receive.
import { createHmac } from 'node:crypto';

/** An id is good for at least this long after it was given out, and at most for twice as long. */
const PERIOD_MS = 120_000;

export class ConnectionIds {
  readonly #key: Buffer;

  /** `key` are 32 random bytes, new at every start. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  create(address: string, nowMs: number): bigint {
    return this.#code(address, Math.floor(nowMs / PERIOD_MS));
  }

  isValid(id: bigint, address: string, nowMs: number): boolean {
    const period = Math.floor(nowMs / PERIOD_MS);
    return id === this.#code(address, period) || id === this.#code(address, period - 1);
  }

  #code(address: string, period: number): bigint {
    return createHmac('sha256', this.#key).update(`${period} ${address}`).digest().readBigUInt64BE(0);
  }
}
