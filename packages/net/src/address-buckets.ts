// What all connections of an address may do together: messages, or other work. More connections do not get more. For IPv6 the /48 pays too,
// from a bucket of several addresses' size, so that a /56 does not count as 256 addresses. Pure: the time is passed in.
import { SITE_SHARES } from './admission.ts';
import { siteKey } from './ip.ts';
import { debtMs, isBucketFull, newBucket, owedMsOf, spendTokens, type Bucket, type Rate } from './rate.ts';

/** The bucket of an address, or of a /48, and how many connections share it. */
export interface AddressAccount extends Bucket {
  readonly connections: number;
  /** Of an IPv6 address: that of its /48, as long as it has a connection. */
  readonly site: AddressAccount | undefined;
}

interface SharedBucket extends AddressAccount {
  connections: number;
  site: SharedBucket | undefined;
}

/** An address that has this share of its burst left, and no more connections than these, asks for little. */
const UNUSED_SHARE = 0.9;
export const FEW_CONNECTIONS = 8;

export class AddressBuckets {
  readonly rate: Rate;
  readonly #siteRate: Rate;
  readonly #addresses: SharedBuckets;
  readonly #sites: SharedBuckets;

  constructor(rate: Rate) {
    const { perSecond, burst, debtMax = burst } = rate;
    this.rate = rate;
    this.#siteRate = {
      perSecond: perSecond * SITE_SHARES,
      burst: burst * SITE_SHARES,
      debtMax: debtMax * SITE_SHARES,
    };
    this.#addresses = new SharedBuckets(rate);
    this.#sites = new SharedBuckets(this.#siteRate);
  }

  get size(): number {
    return this.#addresses.size;
  }

  /** For a connection that opens; each must `leave` once. */
  enter(addressKey: string, nowMs: number): AddressAccount {
    const site = siteKey(addressKey);
    const account = this.#addresses.enter(addressKey, nowMs);
    if (site !== undefined) account.site = this.#sites.enter(site, nowMs);
    return account;
  }

  /** Pays, even into debt. Returns for how many milliseconds the address owes. */
  spend(account: AddressAccount, tokens: number, nowMs: number): number {
    const { site } = account;
    const owedMs = debtMs(spendTokens(account, this.rate, tokens, nowMs), this.rate);
    if (site === undefined) return owedMs;
    return Math.max(owedMs, debtMs(spendTokens(site, this.#siteRate, tokens, nowMs), this.#siteRate));
  }

  /** Whether an address, or its /48, has more connections or has used more of its burst than a page or a few clients do. */
  isBusy(account: AddressAccount): boolean {
    return isMuchUsed(account, this.rate, 1) || isMuchUsed(account.site, this.#siteRate, SITE_SHARES);
  }

  /** The same by its key; an address that is not known is busy where its /48 is. */
  isBusyKey(addressKey: string): boolean {
    const site = siteKey(addressKey);
    return (
      isMuchUsed(this.#addresses.bucketOf(addressKey), this.rate, 1) ||
      (site !== undefined && isMuchUsed(this.#sites.bucketOf(site), this.#siteRate, SITE_SHARES))
    );
  }

  /** Milliseconds until the address of a connection has paid what it owes. */
  debtMs(account: AddressAccount, nowMs: number): number {
    const { site } = account;
    const owedMs = owedMsOf(account, this.rate, nowMs);
    return site === undefined ? owedMs : Math.max(owedMs, owedMsOf(site, this.#siteRate, nowMs));
  }

  /** The same for an address by its key; nothing for one that is not known. */
  owedMs(addressKey: string, nowMs: number): number {
    const site = siteKey(addressKey);
    return Math.max(
      this.#addresses.owedMs(addressKey, nowMs),
      site === undefined ? 0 : this.#sites.owedMs(site, nowMs),
    );
  }

  leave(addressKey: string): void {
    const site = siteKey(addressKey);
    this.#addresses.leave(addressKey);
    if (site !== undefined) this.#sites.leave(site);
  }

  /** Once a second. */
  tick(nowMs: number): void {
    this.#addresses.tick(nowMs);
    this.#sites.tick(nowMs);
  }
}

const isMuchUsed = (bucket: AddressAccount | undefined, { burst }: Rate, shares: number): boolean =>
  bucket !== undefined &&
  (bucket.thousandths < burst * 1_000 * UNUSED_SHARE || bucket.connections > FEW_CONNECTIONS * shares);

/** Buckets by key, each shared by all who have entered under it. */
class SharedBuckets {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, SharedBucket>();
  /** Buckets without a connection, kept until their debt is paid. */
  readonly #left = new Set<string>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  get size(): number {
    return this.#buckets.size;
  }

  enter(key: string, nowMs: number): SharedBucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      const { thousandths, filledAtMs } = newBucket(this.#rate, nowMs);
      bucket = { thousandths, filledAtMs, connections: 0, site: undefined }; // a spread would take twice the memory
      this.#buckets.set(key, bucket);
    }
    bucket.connections++;
    this.#left.delete(key);
    return bucket;
  }

  bucketOf(key: string): SharedBucket | undefined {
    return this.#buckets.get(key);
  }

  owedMs(key: string, nowMs: number): number {
    const bucket = this.bucketOf(key);
    return bucket === undefined ? 0 : owedMsOf(bucket, this.#rate, nowMs);
  }

  leave(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined && --bucket.connections <= 0) this.#left.add(key);
  }

  tick(nowMs: number): void {
    for (const key of this.#left) {
      if (!isBucketFull(this.#buckets.get(key)!, this.#rate, nowMs)) continue;
      this.#left.delete(key);
      this.#buckets.delete(key);
    }
  }
}
