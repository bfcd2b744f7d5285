// Who is at the other end, as limits count: requests and connections of an address, and what all its connections send. The rules are
// packages/net's; here they are put together for this service. Pure: the time is passed in.
import {
  AddressBuckets,
  type AddressAccount,
  AddressRates,
  Admission,
  type AdmissionLimits,
  type AdmissionRefusal,
  type Rate,
} from '@relay-swarm/net';

export interface CallerLimits extends AdmissionLimits {
  readonly requests: Rate;
  /** Of all connections of one address together. */
  readonly messages: Rate;
}

/** Whose connection it is. */
export interface Caller {
  /** The address as limits count it. */
  readonly key: string;
  readonly account: AddressAccount;
}

/** Addresses remembered at once, about 200 bytes each. */
const ADDRESSES_MAX = 200_000;

export class Callers {
  /** What all connections of an address send: who reads from them charges it. */
  readonly messages: AddressBuckets;
  readonly #admission: Admission;
  readonly #requests: AddressRates;

  constructor(limits: CallerLimits) {
    this.#admission = new Admission(limits);
    this.#requests = new AddressRates(limits.requests, ADDRESSES_MAX);
    this.messages = new AddressBuckets(limits.messages);
  }

  get connections(): number {
    return this.#admission.open;
  }

  get addresses(): number {
    return this.#requests.size;
  }

  /** Counts a request: 0, or the milliseconds until the address may ask again. */
  ask(key: string, nowMs: number): number {
    return this.#requests.ask(key, nowMs);
  }

  /** Counts a connection in, or says why not. Every one that is in must `leave` once. */
  enter(key: string, nowMs: number): Caller | AdmissionRefusal {
    return this.#admission.enter(key) ?? { key, account: this.messages.enter(key, nowMs) };
  }

  leave({ key }: Caller): void {
    this.#admission.leave(key);
    this.messages.leave(key);
  }

  /** Once a second. */
  tick(nowMs: number): void {
    this.messages.tick(nowMs);
  }
}
