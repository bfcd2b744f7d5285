// What a client pays, before it is done, for what it asks for: from its own bucket and from that of its address. The same rule holds in all
// services: bytes are paid for when they come; messages, values, fan-out and requests when their number is known. A client in debt is not
// read from, so TCP slows it down and nothing is lost; one that owes more than the limit is closed. Pure: the time is passed in.
import type { AddressAccount, AddressBuckets } from './address-buckets.ts';
import { debtMs, owedMsOf, spendTokens, takeToken, type Bucket, type Rate } from './rate.ts';
import { NEXT_TURN_MS } from './turns.ts';

/** A connection: its own bucket, and that of its address. */
export interface Payer extends Bucket {
  readonly account: AddressAccount;
  /** The bytes that wait to be read are paid for already. */
  isPaidAhead: boolean;
  readonly isResting: boolean;
  /** Reads nothing for this long; nothing changes where it rests already. */
  rest(milliseconds: number): void;
}

export interface PaymentsOptions<P> {
  /** Messages of one connection. It is ended where it owes `debtMax` (one burst, unless it says). */
  readonly own: Rate;
  readonly addresses: AddressBuckets;
  /** This many bytes cost an address as much as a message, */
  readonly bytesPerMessage: number;
  /** and its connection; Infinity where its own messages are enough of a limit. */
  readonly ownBytesPerMessage?: number;
  /** What each piece that comes costs an address beside its bytes, since it wakes this process. */
  readonly pieceCost: number;
  readonly monotonicMs: () => number;
  /** Whether this turn of the event loop has lasted long enough: what a busy address sent waits for a later one. */
  readonly isTurnOver?: (nowMs: number) => boolean;
  /** Closes a connection that owes as much as the limit allows; no real client does. Left out: none is closed for that. */
  readonly end?: (payer: P) => void;
  /** Called when a connection is made to wait. */
  readonly rests?: (payer: P) => void;
}

/** The longest wait for a debt; what is left of the debt still counts after it. */
const REST_MS_MAX = 30_000;

/** While an address owes more than this, none of its connections has a turn, even if its bytes are paid for. */
const AHEAD_MS_MAX = 1_000;

export class Payments<P extends Payer> {
  readonly #options: PaymentsOptions<P>;

  constructor(options: PaymentsOptions<P>) {
    this.#options = options;
  }

  /** Fills the bucket of a new connection. */
  begin(payer: P, nowMs = this.#options.monotonicMs()): void {
    payer.thousandths = this.#options.own.burst * 1_000;
    payer.filledAtMs = Math.floor(nowMs);
  }

  /**
   * For how long bytes that have come must wait, because of debt or for a turn; 0: they may be read now. Bytes that wait are charged at
   * once, and read when the debt before them is paid. So each connection of an address has its turn and is woken up once.
   */
  restMs(payer: P, bytes: number, nowMs = this.#options.monotonicMs()): number {
    const {
      own,
      addresses,
      bytesPerMessage,
      ownBytesPerMessage = bytesPerMessage,
      isTurnOver,
    } = this.#options;
    if (payer.isPaidAhead) {
      // Other connections of its address may have cost more than its bytes
      const lateMs = addresses.debtMs(payer.account, nowMs) - AHEAD_MS_MAX;
      if (lateMs > 0) return Math.min(REST_MS_MAX, lateMs);
      payer.isPaidAhead = false;
      return 0;
    }
    const owedMs = Math.max(owedMsOf(payer, own, nowMs), addresses.debtMs(payer.account, nowMs));
    if (ownBytesPerMessage < Infinity) spendTokens(payer, own, bytes / ownBytesPerMessage, nowMs);
    addresses.spend(payer.account, this.#options.pieceCost + bytes / bytesPerMessage, nowMs);
    const mustWait = owedMs > 0 || (addresses.isBusy(payer.account) && isTurnOver?.(nowMs) === true);
    if (!mustWait) return 0;
    payer.isPaidAhead = true;
    if (!payer.isResting) this.#options.rests?.(payer);
    return Math.min(REST_MS_MAX, Math.max(NEXT_TURN_MS, owedMs));
  }

  /** Pays for a message, in a service that drops messages that come too fast: its address pays. False where its own bucket is empty. */
  take(payer: P, nowMs = this.#options.monotonicMs()): boolean {
    this.#options.addresses.spend(payer.account, 1, nowMs);
    return takeToken(payer, this.#options.own, nowMs);
  }

  /** Pays, even into debt: what was read is done, and nothing more is read until the debt is paid. False where it was closed. */
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
