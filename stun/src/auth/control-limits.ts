// What authenticated control requests cost: one for the request and one for each peer that it names, out of a bucket of the
// allocation, of the user and of the address. Each is checked before the work; a client over a limit is not answered, and sends again
// later (RFC 8489 §6.2.1). A bucket may be overdrawn by its last request. Pure: the clock is passed in.
import type { TurnLimits } from '../engine.ts';
import { ATTRIBUTE } from '../stun/constants.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import type { Client } from '../turn/allocation.ts';
import { AddressRateLimit } from './address-rate-limit.ts';

export function priceOf(message: MessageReader): number {
  let price = 1;
  for (let at = message.find(ATTRIBUTE.xorPeerAddress); at >= 0; price++) {
    at = message.find(ATTRIBUTE.xorPeerAddress, at + 1);
  }
  return price;
}

export class ControlLimits {
  readonly #ofAddress: AddressRateLimit;

  constructor(limits: TurnLimits, salt: number) {
    this.#ofAddress = new AddressRateLimit(limits.controlPerSecondPerAddressMax, salt);
  }

  /** Whether a request of this client may be looked at, once it is known that the address is its own. */
  isOpen({ address, allocation }: Client, nowMs: number): boolean {
    if (!this.#ofAddress.isOpen(address, nowMs)) return false;
    return (
      allocation === undefined ||
      (allocation.control.has(1, nowMs) && allocation.account.control.has(1, nowMs))
    );
  }

  /** Charges the address: the request comes from it, whatever else is wrong with the request. */
  charge({ address, allocation }: Client, price: number, nowMs: number): void {
    this.#ofAddress.charge(address, nowMs, price);
    allocation?.control.take(price);
    allocation?.account.control.take(price);
  }
}
