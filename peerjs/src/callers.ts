// The limits of an address: its requests, its connections, and what all of these send. The rules are packages/net's; here they are put
// together for this service. Pure: the time is passed in.
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

/** The owner of a connection. */
export interface Caller {
  /** The address as limits count it. */
  readonly key: string;
  readonly account: AddressAccount;
}

/** Addresses remembered at once, about 200 bytes each. */
const ADDRESSES_MAX = 200_000;

export class Callers {
  /** What all connections of an address send; the routes charge it as they read. */
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

  /** Counts a new connection, or says why it is refused. Each that was counted must `leave` once. */
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
