// How many connections there are, in all and for each client address. Pure.
import { KeyCounts, limitKey } from '@relay-swarm/net';
import type { TurnLimits } from '../engine.ts';

export class ConnectionCounts {
  readonly #limits: TurnLimits;
  readonly #ofAddress = new KeyCounts();
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
    if (this.#ofAddress.of(key) >= this.#limits.connectionsPerAddressMax) return false;
    this.#ofAddress.add(key);
    return true;
  }

  leave(address: string): void {
    this.#ofAddress.remove(limitKey(address));
  }
}
