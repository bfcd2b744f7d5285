// A rate for every address, as limits count addresses. Pure: the time is passed in.
import { TokenBucket, type Rate } from './token-bucket.ts';

export class AddressRates {
  readonly #rate: Rate;
  readonly #generationMax: number;
  /** Who asked of late, and who asked before that. A new generation begins when this one is full; who is in neither is forgotten. */
  #young = new Map<string, TokenBucket>();
  #old = new Map<string, TokenBucket>();

  constructor(rate: Rate, addressesMax: number) {
    this.#rate = rate;
    this.#generationMax = Math.max(1, Math.floor(addressesMax / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Whether the address may ask now. Who keeps asking is never forgotten, however many others ask. */
  take(addressKey: string, nowMs: number): boolean {
    let bucket = this.#young.get(addressKey);
    if (bucket === undefined) {
      bucket = this.#old.get(addressKey) ?? new TokenBucket(this.#rate, nowMs);
      if (this.#young.size >= this.#generationMax) {
        this.#old = this.#young;
        this.#young = new Map();
      }
      this.#old.delete(addressKey);
      this.#young.set(addressKey, bucket);
    }
    return bucket.take(this.#rate, nowMs);
  }
}
