// What a client pays for what it asks for, before it is done: from a bucket of its own and from that of its address. The one rule of all
// services: bytes are paid for when they come, messages, values, fan-out and requests when it is known how many there are. Who owes is not
// read from, so TCP slows it down and nothing is lost; who goes on owing more than it ever may is ended. Pure: the time is passed in.
import type { AddressAccount, AddressBuckets } from './address-buckets.ts';
import { debtMs, owedMsOf, spendTokens, takeToken, type Bucket, type Rate } from './rate.ts';

/** A connection: its own bucket, and that of its address. */
export interface Payer extends Bucket {
  readonly account: AddressAccount;
  /** What waits to be read is paid for already. */
  isPaidAhead: boolean;
  readonly isResting: boolean;
  /** Reads nothing for so long; where it rests already nothing changes. */
  rest(milliseconds: number): void;
}

export interface PaymentsOptions<P> {
  /** Messages of one connection. It is ended where it owes `debtMax` (one burst, unless it says). */
  readonly own: Rate;
  readonly addresses: AddressBuckets;
  /** So many bytes cost an address as much as a message, */
  readonly bytesPerMessage: number;
  /** and its connection; Infinity where its own messages are enough of a limit. */
  readonly ownBytesPerMessage?: number;
  /** What each piece that comes costs an address beside its bytes: it wakes us up. */
  readonly pieceCost: number;
  readonly monotonicMs: () => number;
  /** Closes one that owes as much as it ever may: that is no client. Without it nobody is. */
  readonly end?: (payer: P) => void;
  /** Somebody is made to wait. */
  readonly rests?: (payer: P) => void;
}

/** Nobody is kept waiting longer for a debt; it is not forgotten either. */
export const REST_MS_MAX = 30_000;

/** Of whoever owes more nobody has a turn, also where its bytes are paid for: so much, and a burst, is what an address has done at once. */
const AHEAD_MS_MAX = 1_000;

export class Payments<P extends Payer> {
  readonly #options: PaymentsOptions<P>;

  constructor(options: PaymentsOptions<P>) {
    this.#options = options;
  }

  /** Fills the bucket of one that has just come. */
  begin(payer: P, nowMs = this.#options.monotonicMs()): void {
    payer.thousandths = this.#options.own.burst * 1_000;
    payer.filledAtMs = Math.floor(nowMs);
  }

  /**
   * For how long bytes that have come must wait because of what is owed; 0: they are paid for, and may be looked at. Those that wait are paid
   * for at once, and read when what was owed before them is paid: each connection of an address has its turn, and is woken up once.
   */
  restMs(payer: P, bytes: number, nowMs = this.#options.monotonicMs()): number {
    const { own, addresses, bytesPerMessage, ownBytesPerMessage = bytesPerMessage } = this.#options;
    if (payer.isPaidAhead) {
      // What others of its address have brought may have been dearer than its bytes
      const lateMs = addresses.debtMs(payer.account, nowMs) - AHEAD_MS_MAX;
      if (lateMs > 0) return Math.min(REST_MS_MAX, lateMs);
      payer.isPaidAhead = false;
      return 0;
    }
    const owedMs = Math.max(owedMsOf(payer, own, nowMs), addresses.debtMs(payer.account, nowMs));
    if (ownBytesPerMessage < Infinity) spendTokens(payer, own, bytes / ownBytesPerMessage, nowMs);
    addresses.spend(payer.account, this.#options.pieceCost + bytes / bytesPerMessage, nowMs);
    if (owedMs === 0) return 0;
    payer.isPaidAhead = true;
    if (!payer.isResting) this.#options.rests?.(payer);
    return Math.min(REST_MS_MAX, owedMs);
  }

  /** A message, for a service that leaves out what comes too fast: its address pays; false where it has none of its own left. */
  take(payer: P, nowMs = this.#options.monotonicMs()): boolean {
    this.#options.addresses.spend(payer.account, 1, nowMs);
    return takeToken(payer, this.#options.own, nowMs);
  }

  /** An eager client waits: what has been read is done, nothing more is read until it is paid. False where it has been closed. */
  pay(payer: P, cost: number, nowMs = this.#options.monotonicMs()): boolean {
    const { own, addresses, end } = this.#options;
    const left = spendTokens(payer, own, cost, nowMs);
    const addressOwesMs = addresses.spend(payer.account, cost, nowMs);
    if (left >= 0 && addressOwesMs === 0) return true;
    if (end !== undefined && left <= -(own.debtMax ?? own.burst)) {
      end(payer);
      return false;
    }
    if (payer.isResting) return true;
    payer.rest(Math.min(REST_MS_MAX, Math.max(debtMs(left, own), addressOwesMs)));
    this.#options.rests?.(payer);
    return true;
  }
}
