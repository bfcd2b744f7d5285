// Whether a connection may be opened now, by limits in all, for one address and for one /48. Pure.
import { siteKey } from './ip.ts';

/** How many there are of each key. A key that has none takes no memory. */
export class KeyCounts {
  readonly #counts = new Map<string, number>();

  get keys(): number {
    return this.#counts.size;
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.change(key, 1);
  }

  remove(key: string): void {
    this.change(key, -1);
  }

  change(key: string, by: number): void {
    const left = this.of(key) + by;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

/** How many addresses' shares one /48 may take: a school has many /64s, and so has the tenant of one rented machine. */
export const SITE_SHARES = 8;

/** Counts by address (`limitKey()`), and for IPv6 by /48 too, so that a /56 does not count as 256 addresses. */
export class ShareCounts {
  readonly #ofAddress = new KeyCounts();
  readonly #ofSite = new KeyCounts();

  get addresses(): number {
    return this.#ofAddress.keys;
  }

  of(addressKey: string): number {
    return this.#ofAddress.of(addressKey);
  }

  /** Whether the address has one, or another of its /48. */
  hasAny(addressKey: string): boolean {
    const site = siteKey(addressKey);
    return site === undefined ? this.#ofAddress.of(addressKey) > 0 : this.#ofSite.of(site) > 0;
  }

  /** Whether `more` of them would be more than one address, or its /48, may have. */
  isFull(addressKey: string, perAddressMax: number, more = 1): boolean {
    if (this.#ofAddress.of(addressKey) + more > perAddressMax) return true;
    const site = siteKey(addressKey);
    return site !== undefined && this.#ofSite.of(site) + more > SITE_SHARES * perAddressMax;
  }

  add(addressKey: string): void {
    this.change(addressKey, 1);
  }

  remove(addressKey: string): void {
    this.change(addressKey, -1);
  }

  change(addressKey: string, by: number): void {
    this.#ofAddress.change(addressKey, by);
    const site = siteKey(addressKey);
    if (site !== undefined) this.#ofSite.change(site, by);
  }
}

export interface AdmissionLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
}

export type AdmissionRefusal = 'connections_full' | 'address_full';

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #shares = new ShareCounts();
  #open = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get open(): number {
    return this.#open;
  }

  get addresses(): number {
    return this.#shares.addresses;
  }

  /** Counts the connection in, or says why not. Every one that is in must `leave` once. */
  enter(addressKey: string): AdmissionRefusal | undefined {
    if (this.#open >= this.#limits.connectionsMax) return 'connections_full';
    if (this.#shares.isFull(addressKey, this.#limits.connectionsPerAddressMax)) return 'address_full';
    this.#shares.add(addressKey);
    this.#open++;
    return undefined;
  }

  leave(addressKey: string): void {
    this.#shares.remove(addressKey);
    this.#open--;
  }
}
