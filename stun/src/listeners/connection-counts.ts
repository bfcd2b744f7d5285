// How many connections there are, in all and for each client address, and for each /48 of IPv6. Pure.
import { ShareCounts } from '@relay-swarm/net/admission';
import { limitKey } from '@relay-swarm/net/ip';
import type { TurnLimits } from '../engine.ts';
import { notShared, type SharedCounts } from '../turn/worker-share.ts';

export class ConnectionCounts {
  readonly #limits: TurnLimits;
  readonly #shares = new ShareCounts();
  readonly #shared: SharedCounts;
  #total = 0;
  #elsewhere = 0;

  constructor(limits: TurnLimits, shared: SharedCounts = notShared) {
    this.#limits = limits;
    this.#shared = shared;
    shared.hear('connection', (key, by) => {
      if (key === '') this.#elsewhere += by;
      else this.#shares.change(key, by);
    });
  }

  /** Of this process. */
  get total(): number {
    return this.#total;
  }

  /** Counts a connection before its address is known. False: one too many. */
  open(): boolean {
    if (this.#total + this.#elsewhere >= this.#limits.connectionsMax) return false;
    this.#total++;
    this.#shared.tell('connection', '', 1);
    return true;
  }

  close(): void {
    this.#total--;
    this.#shared.tell('connection', '', -1);
  }

  /** The connection belongs to this address. False: one too many. */
  enter(address: string): boolean {
    const key = limitKey(address);
    if (this.#shares.isFull(key, this.#limits.connectionsPerAddressMax)) return false;
    this.#shares.add(key);
    this.#shared.tell('connection', key, 1);
    return true;
  }

  leave(address: string): void {
    const key = limitKey(address);
    this.#shares.remove(key);
    this.#shared.tell('connection', key, -1);
  }
}
