// The number of allocations in all, of each account and of each client address. Entries live as long as what they count, and accounts for
// up to a second longer, so the tables cannot outgrow the allocations. Pure.
import { KeyCounts, ShareCounts } from '@relay-swarm/net/admission';
import { limitKey } from '@relay-swarm/net/ip';
import type { TurnLimits } from '../engine.ts';
import { notShared, type SharedCounts } from './worker-share.ts';
import { BUCKET_MS, bucketsOf, TokenBucket } from './bandwidth.ts';

/** One in this many allocations is kept for addresses that have none yet. */
const RESERVED_SHARE = 10;

/** What the allocations of one account share. */
export interface Account {
  readonly name: string;
  allocations: number;
  /** Of its rates, where several workers have allocations of it. */
  share: number;
  readonly toPeers: readonly TokenBucket[];
  readonly toClients: readonly TokenBucket[];
  /** What requests are paid from. */
  readonly control: TokenBucket;
}

export class Quotas {
  readonly #limits: TurnLimits;
  readonly #accounts = new Map<string, Account>();
  readonly #addresses = new ShareCounts();
  /** Accounts without allocations and since when. If they were forgotten too early, each new allocation would get full buckets. */
  readonly #resting = new Map<string, number>();
  readonly #shared: SharedCounts;
  /** Allocations that accounts have at other workers. */
  readonly #elsewhere = new KeyCounts();
  #total = 0;

  constructor(limits: TurnLimits, shared: SharedCounts = notShared) {
    this.#limits = limits;
    this.#shared = shared;
    shared.hear('allocation', (key, by, nowMs) => this.#changedElsewhere(key, by, nowMs));
  }

  /**
   * 486 where this user or address has enough, 508 where the server is full (RFC 8656 §7.2). User names cost nothing, so the server is
   * shared by address: an address has its share under whatever names, a /48 has several shares, and the last places are kept for
   * addresses that have none.
   */
  refusal(account: string, address: string, wanted: number): 486 | 508 | undefined {
    const { allocationsMax, allocationsPerUserMax, allocationsPerAddressMax } = this.#limits;
    const ofAccount = (this.#accounts.get(account)?.allocations ?? 0) + this.#elsewhere.of(account);
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
        share: 1,
        toPeers: bucketsOf(bytesPerSecond, nowMs),
        toClients: bucketsOf(bytesPerSecond, nowMs),
        control: new TokenBucket(this.#limits.controlPerSecondPerUserMax, nowMs),
      };
      this.#accounts.set(name, account);
    }
    account.allocations++;
    const key = limitKey(address);
    this.#addresses.add(key);
    this.#total++;
    this.#shared.tell('allocation', `${key} ${name}`, 1);
    this.#divide(account, nowMs);
    return account;
  }

  give(account: Account, address: string, nowMs: number): void {
    if (--account.allocations === 0) {
      if (areFull(account, nowMs)) this.#accounts.delete(account.name);
      else this.#resting.set(account.name, nowMs);
    }
    const key = limitKey(address);
    this.#addresses.remove(key);
    this.#total--;
    this.#shared.tell('allocation', `${key} ${account.name}`, -1);
    this.#divide(account, nowMs);
  }

  #changedElsewhere(key: string, by: number, nowMs: number): void {
    const blank = key.indexOf(' ');
    const name = key.slice(blank + 1);
    this.#addresses.change(key.slice(0, blank), by);
    this.#elsewhere.change(name, by);
    this.#total += by;
    const account = this.#accounts.get(name);
    if (account !== undefined) this.#divide(account, nowMs);
  }

  /** What a user may have in a second is divided among the workers by the allocations that it has at each. */
  #divide(account: Account, nowMs: number): void {
    const elsewhere = this.#elsewhere.of(account.name);
    const share = elsewhere === 0 ? 1 : account.allocations / (account.allocations + elsewhere);
    if (share === 0 || share === account.share) return;
    account.share = share;
    const { bytesPerSecondPerUserMax, controlPerSecondPerUserMax } = this.#limits;
    for (const bucket of [...account.toPeers, ...account.toClients])
      bucket.setRate(bytesPerSecondPerUserMax * share, nowMs);
    account.control.setRate(controlPerSecondPerUserMax * share, nowMs);
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
