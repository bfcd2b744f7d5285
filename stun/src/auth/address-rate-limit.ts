// What an address may have in a second: answers before it has authenticated (UDP sources can be forged, and the server must not amplify),
// new connections, control requests. An IPv6 address counts with its /64, and a /48 may have some shares. A table of fixed size: it cannot
// be filled, and two addresses that share a cell only share the allowance.
// Pure: clock and salt are passed in.
import { SITE_SHARES } from '@relay-swarm/net/admission';
import { limitKey, siteKey } from '@relay-swarm/net/ip';

const CELLS = 16_384;
const WINDOW_MS = 1_000;

export class AddressRateLimit {
  readonly #perSecondMax: number;
  readonly #salt: number;
  readonly #spent = new Uint32Array(CELLS);
  #windowEndsAtMs = 0;

  /** The salt keeps strangers from choosing addresses that share a cell. */
  constructor(perSecondMax: number, salt: number) {
    this.#perSecondMax = perSecondMax;
    this.#salt = salt;
  }

  allows(address: string, nowMs: number, price = 1): boolean {
    const isOpen = this.isOpen(address, nowMs);
    if (isOpen) this.charge(address, nowMs, price);
    return isOpen;
  }

  /** Counts something that was done already, without a limit. */
  charge(address: string, nowMs: number, price: number): void {
    this.#turn(nowMs);
    const key = limitKey(address);
    const site = siteKey(key);
    this.#spent[this.#cellOf(key)]! += price;
    if (site !== undefined) this.#spent[this.#cellOf(site)]! += price;
  }

  /** Whether another one would be allowed. */
  isOpen(address: string, nowMs: number): boolean {
    this.#turn(nowMs);
    const key = limitKey(address);
    const site = siteKey(key);
    return (
      this.#spent[this.#cellOf(key)]! < this.#perSecondMax &&
      (site === undefined || this.#spent[this.#cellOf(site)]! < this.#perSecondMax * SITE_SHARES)
    );
  }

  #turn(nowMs: number): void {
    if (nowMs < this.#windowEndsAtMs) return;
    this.#spent.fill(0);
    this.#windowEndsAtMs = nowMs + WINDOW_MS;
  }

  /** FNV-1a. */
  #cellOf(key: string): number {
    let hash = this.#salt ^ 0x811c9dc5;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    return ((hash ^ (hash >>> 15)) >>> 0) % CELLS;
  }
}
