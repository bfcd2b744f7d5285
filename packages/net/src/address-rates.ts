// A rate for every address, as limits count addresses. Pure: the time is passed in.
import { newBucket, takeToken, untilTokenMs, type Bucket, type Rate } from './rate.ts';

export class AddressRates {
  readonly #rate: Rate;
  readonly #generationMax: number;
  /** Who asked of late, and who asked before that. A new generation begins when this one is full; who is in neither is forgotten. */
  #young = new Map<string, Bucket>();
  #old = new Map<string, Bucket>();

  constructor(rate: Rate, addressesMax: number) {
    this.#rate = rate;
    this.#generationMax = Math.max(1, Math.floor(addressesMax / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** 0 where the address may ask now, otherwise the milliseconds until it may. Who keeps asking is never forgotten, however many others ask. */
  ask(addressKey: string, nowMs: number): number {
    const bucket = this.#remember(addressKey, nowMs);
    return takeToken(bucket, this.#rate, nowMs) ? 0 : untilTokenMs(bucket, this.#rate, nowMs);
  }

  #remember(addressKey: string, nowMs: number): Bucket {
    const known = this.#young.get(addressKey);
    if (known !== undefined) return known;
    const bucket = this.#old.get(addressKey) ?? newBucket(this.#rate, nowMs);
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#old.delete(addressKey);
    this.#young.set(addressKey, bucket);
    return bucket;
  }
}
