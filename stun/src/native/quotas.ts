// Who holds how many allocations: in all, for each account, for each client address. Entries live as long as what they
// count, so the tables cannot outgrow the allocations. Pure.
import { limitKey } from '@relay-swarm/kit';
import type { TurnLimits } from '../engine.ts';
import { bucketsOf, type TokenBucket } from './bandwidth.ts';

/** What the allocations of one account share. */
export interface Account {
  readonly name: string;
  allocations: number;
  readonly toPeers: readonly TokenBucket[];
  readonly toClients: readonly TokenBucket[];
}

export class Quotas {
  readonly #limits: TurnLimits;
  readonly #accounts = new Map<string, Account>();
  readonly #addresses = new Map<string, number>();
  #total = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** 486 where this user or address has enough, 508 where the server is full (RFC 8656 §7.2). */
  refusal(account: string, address: string, wanted: number): 486 | 508 | undefined {
    const { allocationsMax, allocationsPerUserMax, allocationsPerAddressMax } = this.#limits;
    const ofAccount = this.#accounts.get(account)?.allocations ?? 0;
    const ofAddress = this.#addresses.get(limitKey(address)) ?? 0;
    if (ofAccount + wanted > allocationsPerUserMax || ofAddress + wanted > allocationsPerAddressMax)
      return 486;
    return this.#total + wanted > allocationsMax ? 508 : undefined;
  }

  take(name: string, address: string, nowMs: number): Account {
    let account = this.#accounts.get(name);
    if (account === undefined) {
      const bytesPerSecond = this.#limits.bytesPerSecondPerUserMax;
      account = {
        name,
        allocations: 0,
        toPeers: bucketsOf(bytesPerSecond, nowMs),
        toClients: bucketsOf(bytesPerSecond, nowMs),
      };
      this.#accounts.set(name, account);
    }
    account.allocations++;
    const key = limitKey(address);
    this.#addresses.set(key, (this.#addresses.get(key) ?? 0) + 1);
    this.#total++;
    return account;
  }

  give(account: Account, address: string): void {
    if (--account.allocations === 0) this.#accounts.delete(account.name);
    const key = limitKey(address);
    const left = (this.#addresses.get(key) ?? 1) - 1;
    if (left === 0) this.#addresses.delete(key);
    else this.#addresses.set(key, left);
    this.#total--;
  }

  get entries(): number {
    return this.#accounts.size + this.#addresses.size;
  }
}
