// How many answers an address that has not authenticated may get in a second, so that nobody turns the server into a mirror
// (UDP sources can be forged) or keeps it busy with 401s. A table of fixed size: it cannot be filled, and two addresses
// that share a cell only share the allowance. Pure: clock and salt are passed in.
import { limitKey } from '@relay-swarm/net';

const CELLS = 16_384;
const WINDOW_MS = 1_000;

export class UnauthenticatedRateLimit {
  readonly #answersMax: number;
  readonly #salt: number;
  readonly #answers = new Uint32Array(CELLS);
  #windowEndsAtMs = 0;

  /** The salt keeps strangers from choosing addresses that share a cell. */
  constructor(answersPerSecondMax: number, salt: number) {
    this.#answersMax = answersPerSecondMax;
    this.#salt = salt;
  }

  allows(address: string, nowMs: number): boolean {
    const isOpen = this.isOpen(address, nowMs);
    if (isOpen) this.#answers[this.#cellOf(limitKey(address))]!++;
    return isOpen;
  }

  /** Whether it would allow another one. */
  isOpen(address: string, nowMs: number): boolean {
    if (nowMs >= this.#windowEndsAtMs) {
      this.#answers.fill(0);
      this.#windowEndsAtMs = nowMs + WINDOW_MS;
    }
    return this.#answers[this.#cellOf(limitKey(address))]! < this.#answersMax;
  }

  /** FNV-1a. */
  #cellOf(key: string): number {
    let hash = this.#salt ^ 0x811c9dc5;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    return ((hash ^ (hash >>> 15)) >>> 0) % CELLS;
  }
}
