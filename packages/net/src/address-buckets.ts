// What all connections of an address may do together, as one bucket: messages, or work beyond the ordinary. One connection more is no more of
// it. Pure: the time is passed in.
import { debtMs, isBucketFull, newBucket, spendTokens, type Bucket, type Rate } from './rate.ts';

interface Account {
  connections: number;
  readonly bucket: Bucket;
}

export class AddressBuckets {
  readonly rate: Rate;
  readonly #accounts = new Map<string, Account>();
  /** Accounts without a connection: kept until their debt is paid. */
  readonly #left = new Set<string>();

  constructor(rate: Rate) {
    this.rate = rate;
  }

  get size(): number {
    return this.#accounts.size;
  }

  /** The bucket of the address, for a connection that opens. */
  enter(addressKey: string, nowMs: number): Bucket {
    let account = this.#accounts.get(addressKey);
    if (account === undefined) {
      account = { connections: 0, bucket: newBucket(this.rate, nowMs) };
      this.#accounts.set(addressKey, account);
    }
    account.connections++;
    this.#left.delete(addressKey);
    return account.bucket;
  }

  /** Until the address has paid what it owes; nothing for one that is not known. */
  owedMs(addressKey: string, nowMs: number): number {
    const account = this.#accounts.get(addressKey);
    return account === undefined ? 0 : debtMs(spendTokens(account.bucket, this.rate, 0, nowMs), this.rate);
  }

  leave(addressKey: string): void {
    const account = this.#accounts.get(addressKey);
    if (account === undefined || --account.connections > 0) return;
    this.#left.add(addressKey);
  }

  /** Once a second. */
  tick(nowMs: number): void {
    for (const addressKey of this.#left) {
      if (!isBucketFull(this.#accounts.get(addressKey)!.bucket, this.rate, nowMs)) continue;
      this.#left.delete(addressKey);
      this.#accounts.delete(addressKey);
    }
  }
}
