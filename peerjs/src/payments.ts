// What a client pays for what it sends, alone and with its whole address, before it is looked at. One rule for every route of this service.
// Pure: the time is passed in.
import { debtMs, spendTokens, type Bucket, type Rate } from '@relay-swarm/net';
import type { Caller } from './callers.ts';
import type { PeerjsSettings } from './settings.ts';

/** Its own bucket, and that of its address. */
export interface Payer extends Bucket {
  readonly caller: Caller;
  readonly isResting: boolean;
  /** Reads nothing for so long; where it rests already nothing changes. */
  rest(milliseconds: number): void;
}

export interface PaymentsOptions<P> {
  /** Messages of one client, and of all of one address together. */
  readonly messages: Rate;
  readonly messagesPerAddress: Rate;
  /** So many bytes cost as much as a message. */
  readonly bytesPerMessage: number;
  readonly nowMs: () => number;
  /** Closes one that is a whole burst in debt: that is no client. */
  readonly end: (payer: P) => void;
  /** An eager one is made to wait. */
  readonly rests?: () => void;
}

/** As the operator has set them; the routes have them in common. */
export const ratesOf = (
  settings: PeerjsSettings,
): Pick<PaymentsOptions<never>, 'messages' | 'messagesPerAddress'> => ({
  messages: { perSecond: settings.messagesPerSecond, burst: settings.messagesBurst },
  messagesPerAddress: {
    perSecond: settings.messagesPerAddressPerSecond,
    burst: settings.messagesPerAddressBurst,
  },
});

/** What each piece that comes costs its address: it wakes us up. */
const PIECE_COST = 0.1;

export class Payments<P extends Payer> {
  readonly #options: PaymentsOptions<P>;

  constructor(options: PaymentsOptions<P>) {
    this.#options = options;
  }

  /** Fills the bucket of one that has just come. */
  begin(payer: P): void {
    const { messages, nowMs } = this.#options;
    payer.thousandths = messages.burst * 1_000;
    payer.filledAtMs = nowMs();
  }

  /** For how long bytes that have come must wait because of what is owed; 0: they are paid for, and may be looked at. */
  restMs(payer: P, bytes: number): number {
    const { messages, messagesPerAddress, bytesPerMessage, rests } = this.#options;
    const nowMs = this.#options.nowMs();
    const owedMs = this.#owedMs(payer, nowMs);
    if (owedMs > 0) {
      if (!payer.isResting) rests?.();
      return owedMs;
    }
    const cost = bytes / bytesPerMessage;
    spendTokens(payer, messages, cost, nowMs);
    spendTokens(payer.caller.messages, messagesPerAddress, PIECE_COST + cost, nowMs);
    return 0;
  }

  /** An eager client waits: what has been read is done, nothing more is read until it is paid. False where it has been closed. */
  pay(payer: P, cost: number): boolean {
    const { messages, messagesPerAddress, end, rests } = this.#options;
    const nowMs = this.#options.nowMs();
    const left = spendTokens(payer, messages, cost, nowMs);
    const leftOfAddress = spendTokens(payer.caller.messages, messagesPerAddress, cost, nowMs);
    if (left >= 0 && leftOfAddress >= 0) return true;
    if (left <= -messages.burst) {
      end(payer);
      return false;
    }
    if (!payer.isResting) rests?.();
    payer.rest(this.#owedMs(payer, nowMs));
    return true;
  }

  #owedMs(payer: P, nowMs: number): number {
    const { messages, messagesPerAddress } = this.#options;
    return Math.max(
      debtMs(spendTokens(payer, messages, 0, nowMs), messages),
      debtMs(spendTokens(payer.caller.messages, messagesPerAddress, 0, nowMs), messagesPerAddress),
    );
  }
}
