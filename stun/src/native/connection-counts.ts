// How many connections there are, in all and for each client address. Pure.
import { limitKey } from '@relay-swarm/kit';
import type { TurnLimits } from '../engine.ts';

export class ConnectionCounts {
  readonly #limits: TurnLimits;
  readonly #ofAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** A connection is there, before it is known whose it is. False: one too many. */
  open(): boolean {
    if (this.#total >= this.#limits.connectionsMax) return false;
    this.#total++;
    return true;
  }

  close(): void {
    this.#total--;
  }

  /** It is this address's. False: one too many. */
  enter(address: string): boolean {
    const key = limitKey(address);
    const count = this.#ofAddress.get(key) ?? 0;
    if (count >= this.#limits.connectionsPerAddressMax) return false;
    this.#ofAddress.set(key, count + 1);
    return true;
  }

  leave(address: string): void {
    const key = limitKey(address);
    const left = (this.#ofAddress.get(key) ?? 1) - 1;
    if (left === 0) this.#ofAddress.delete(key);
    else this.#ofAddress.set(key, left);
  }
}
