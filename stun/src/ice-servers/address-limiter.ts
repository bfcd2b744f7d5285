// How often one address may ask: a token bucket for each, kept as one number (GCRA). Pure: the clock is passed in.

export interface AddressLimit {
  /** Requests in a row that are fine after a silence, and the requests a minute after that. */
  readonly perMinute: number;
  /** Addresses remembered. Beyond it the longest silent is forgotten, which only ever lets somebody ask again. */
  readonly addressesMax: number;
}

export class AddressLimiter {
  /** Address → when its bucket will be full again; the longest silent first. */
  readonly #fullAtMs = new Map<string, number>();
  readonly #tokenMs: number;
  readonly #bucketMs: number;
  readonly #addressesMax: number;

  constructor({ perMinute, addressesMax }: AddressLimit) {
    this.#bucketMs = 60_000;
    this.#tokenMs = this.#bucketMs / perMinute;
    this.#addressesMax = addressesMax;
  }

  get size(): number {
    return this.#fullAtMs.size;
  }

  /** Takes one token: 0 where there was one, otherwise the milliseconds until there is. */
  take(key: string, nowMs: number): number {
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? 0, nowMs) + this.#tokenMs;
    const waitMs = fullAtMs - nowMs - this.#bucketMs;
    // The quotient is rarely exact: a thousandth of a millisecond is no reason to refuse.
    if (waitMs > 0.001) return waitMs;
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs);
    if (this.#fullAtMs.size > this.#addressesMax) {
      const [longestSilent] = this.#fullAtMs.keys();
      this.#fullAtMs.delete(longestSilent!);
    }
    return 0;
  }
}
