// Who holds how many allocations: in all, for each account, for each client address. Entries live as long as what they
// count, and accounts for up to a second longer, so the tables cannot outgrow the allocations. Pure.
import { KeyCounts, limitKey } from '@relay-swarm/net';
import type { TurnLimits } from '../engine.ts';
import { BUCKET_MS, bucketsOf, type TokenBucket } from './bandwidth.ts';

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
  readonly #addresses = new KeyCounts();
  /** Accounts without allocations and since when. Forgotten too early, each new allocation would find their buckets full again. */
  readonly #resting = new Map<string, number>();
  #total = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** 486 where this user or address has enough, 508 where the server is full (RFC 8656 §7.2). */
  refusal(account: string, address: string, wanted: number): 486 | 508 | undefined {
    const { allocationsMax, allocationsPerUserMax, allocationsPerAddressMax } = this.#limits;
    const ofAccount = this.#accounts.get(account)?.allocations ?? 0;
    const ofAddress = this.#addresses.of(limitKey(address));
    if (ofAccount + wanted > allocationsPerUserMax || ofAddress + wanted > allocationsPerAddressMax)
      return 486;
    return this.#total + wanted > allocationsMax ? 508 : undefined;
  }

  take(name: string, address: string, nowMs: number): Account {
    this.sweep(nowMs);
    this.#resting.delete(name);
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
    this.#addresses.add(limitKey(address));
    this.#total++;
    return account;
  }

  give(account: Account, address: string, nowMs: number): void {
    if (--account.allocations === 0) {
      if (areFull(account, nowMs)) this.#accounts.delete(account.name);
      else this.#resting.set(account.name, nowMs);
    }
    this.#addresses.remove(limitKey(address));
    this.#total--;
  }

  /** Forgets the accounts whose buckets are full again by now. */
  sweep(nowMs: number): void {
    for (const [name, sinceMs] of this.#resting) {
      if (nowMs - sinceMs < BUCKET_MS) return; // the next one rests for less
      this.#resting.delete(name);
      this.#accounts.delete(name);
    }
  }

  get entries(): number {
    return this.#accounts.size + this.#addresses.keys;
  }
}

const areFull = ({ toPeers, toClients }: Account, nowMs: number): boolean =>
  [...toPeers, ...toClients].every((bucket) => bucket.isFull(nowMs));
