// A rate for every address, as limits count addresses. Pure: the time is passed in.
import { TokenBucket, type Rate } from './token-bucket.ts';

export class AddressRates {
  readonly #rate: Rate;
  readonly #addressesMax: number;
  /** The one that asked longest ago comes first. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: Rate, addressesMax: number) {
    this.#rate = rate;
    this.#addressesMax = addressesMax;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Whether the address may ask now. Beyond the most addresses, the one that was silent longest is forgotten. */
  take(addressKey: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(addressKey) ?? new TokenBucket(this.#rate, nowMs);
    this.#buckets.delete(addressKey);
    if (this.#buckets.size >= this.#addressesMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(addressKey, bucket);
    return bucket.take(this.#rate, nowMs);
  }
}
