// How many connections there are, in all and for each client address, and for each /48 of IPv6. Pure.
import { ShareCounts } from '@relay-swarm/net/admission';
import { limitKey } from '@relay-swarm/net/ip';
import type { TurnLimits } from '../engine.ts';

export class ConnectionCounts {
  readonly #limits: TurnLimits;
  readonly #shares = new ShareCounts();
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
    if (this.#shares.isFull(key, this.#limits.connectionsPerAddressMax)) return false;
    this.#shares.add(key);
    return true;
  }

  leave(address: string): void {
    this.#shares.remove(limitKey(address));
  }
}
