// A rate for every address, as limits count addresses, and for IPv6 a larger one for the /48 that it is in. Pure: the time is passed in.
import { SITE_SHARES } from './admission.ts';
import { siteKey } from './ip.ts';
import { newBucket, takeToken, untilTokenMs, type Bucket, type Rate } from './rate.ts';

export class AddressRates {
  readonly #ofAddress: RateTable;
  readonly #ofSite: RateTable;

  constructor(rate: Rate, addressesMax: number) {
    this.#ofAddress = new RateTable(rate, addressesMax);
    const siteRate = { perSecond: rate.perSecond * SITE_SHARES, burst: rate.burst * SITE_SHARES };
    this.#ofSite = new RateTable(siteRate, addressesMax);
  }

  get size(): number {
    return this.#ofAddress.size;
  }

  /** 0 where the address may ask now, otherwise the milliseconds until it may. An address that keeps asking is not forgotten. */
  ask(addressKey: string, nowMs: number): number {
    const waitMs = this.#ofAddress.ask(addressKey, nowMs);
    if (waitMs > 0) return waitMs; // a refused request costs its neighbours in the /48 nothing
    const site = siteKey(addressKey);
    return site === undefined ? 0 : this.#ofSite.ask(site, nowMs);
  }
}

/** Buckets by key, at most so many. */
class RateTable {
  readonly #rate: Rate;
  readonly #generationMax: number;
  /** Two generations of addresses. When the newer one is full it becomes the older one, and the former older one is forgotten. */
  #young = new Map<string, Bucket>();
  #old = new Map<string, Bucket>();

  constructor(rate: Rate, addressesMax: number) {
    this.#rate = rate;
    this.#generationMax = Math.max(1, Math.floor(addressesMax / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  ask(key: string, nowMs: number): number {
    const bucket = this.#remember(key, nowMs);
    return takeToken(bucket, this.#rate, nowMs) ? 0 : untilTokenMs(bucket, this.#rate, nowMs);
  }

  #remember(key: string, nowMs: number): Bucket {
    const known = this.#young.get(key);
    if (known !== undefined) return known;
    const bucket = this.#old.get(key) ?? newBucket(this.#rate, nowMs);
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#old.delete(key);
    this.#young.set(key, bucket);
    return bucket;
  }
}
