// Who holds how many allocations: in all, for each account, for each client address. Entries live as long as what they
// count, and accounts for up to a second longer, so the tables cannot outgrow the allocations. Pure.
import { ShareCounts } from '@relay-swarm/net/admission';
import { limitKey } from '@relay-swarm/net/ip';
import type { TurnLimits } from '../engine.ts';
import { BUCKET_MS, bucketsOf, TokenBucket } from './bandwidth.ts';

/** One in so many allocations is kept for addresses that have none yet. */
const RESERVED_SHARE = 10;

/** What the allocations of one account share. */
export interface Account {
  readonly name: string;
  allocations: number;
  readonly toPeers: readonly TokenBucket[];
  readonly toClients: readonly TokenBucket[];
  /** What requests are paid from. */
  readonly control: TokenBucket;
}

export class Quotas {
  readonly #limits: TurnLimits;
  readonly #accounts = new Map<string, Account>();
  readonly #addresses = new ShareCounts();
  /** Accounts without allocations and since when. Forgotten too early, each new allocation would find their buckets full again. */
  readonly #resting = new Map<string, number>();
  #total = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /**
   * 486 where this user or address has enough, 508 where the server is full (RFC 8656 §7.2). Names are minted for nothing, so it is
   * the addresses that share: under whatever names, an address has its part, a /48 some of them, and the last places are for those
   * that have none.
   */
  refusal(account: string, address: string, wanted: number): 486 | 508 | undefined {
    const { allocationsMax, allocationsPerUserMax, allocationsPerAddressMax } = this.#limits;
    const ofAccount = this.#accounts.get(account)?.allocations ?? 0;
    const key = limitKey(address);
    if (ofAccount + wanted > allocationsPerUserMax) return 486;
    if (this.#addresses.isFull(key, allocationsPerAddressMax, wanted)) return 486;
    const reserved = this.#addresses.hasAny(key) ? Math.floor(allocationsMax / RESERVED_SHARE) : 0;
    return this.#total + wanted > allocationsMax - reserved ? 508 : undefined;
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
        control: new TokenBucket(this.#limits.controlPerSecondPerUserMax, nowMs),
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
    return this.#accounts.size + this.#addresses.addresses;
  }
}

const areFull = ({ toPeers, toClients, control }: Account, nowMs: number): boolean =>
  [...toPeers, ...toClients, control].every((bucket) => bucket.isFull(nowMs));
