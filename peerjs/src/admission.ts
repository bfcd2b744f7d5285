// Who may ask and who may stay: requests and connections per address, and connections in all. Pure: the time is passed in.
import { isBucketFull, newBucket, takeToken, type Bucket, type Rate } from '@relay-swarm/net';

export interface AdmissionLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly requests: Rate;
  /** Of all connections of one address together. */
  readonly messages: Rate;
}

/** What is known of one address, or of one /64 of IPv6. */
export interface Caller {
  readonly key: string;
  connections: number;
  readonly requests: Bucket;
  readonly messages: Bucket;
}

export type AdmissionRefusal = 'connections_full' | 'address_full';

/** Addresses remembered at once, about 300 bytes each. */
const CALLERS_MAX = 200_000;

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #callers = new Map<string, Caller>();
  connections = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get addresses(): number {
    return this.#callers.size;
  }

  /** Counts a request; `undefined` where the address has asked too often, or where there is no room for another address. */
  ask(key: string, nowMs: number): Caller | undefined {
    const caller = this.#callers.get(key) ?? this.#remember(key, nowMs);
    return caller && takeToken(caller.requests, this.#limits.requests, nowMs) ? caller : undefined;
  }

  /** Counts a connection in, or says why not. Every admitted one must `leave` once. */
  enter(caller: Caller): AdmissionRefusal | undefined {
    if (this.connections >= this.#limits.connectionsMax) return 'connections_full';
    if (caller.connections >= this.#limits.connectionsPerAddressMax) return 'address_full';
    caller.connections++;
    this.connections++;
    return undefined;
  }

  leave(caller: Caller): void {
    caller.connections--;
    this.connections--;
  }

  /** Forgets those who have neither a connection nor a debt; now and then. */
  sweep(nowMs: number): void {
    for (const caller of this.#callers.values()) {
      if (
        caller.connections === 0 &&
        isBucketFull(caller.requests, this.#limits.requests, nowMs) &&
        isBucketFull(caller.messages, this.#limits.messages, nowMs)
      )
        this.#callers.delete(caller.key);
    }
  }

  #remember(key: string, nowMs: number): Caller | undefined {
    if (this.#callers.size >= CALLERS_MAX) return undefined;
    const caller: Caller = {
      key,
      connections: 0,
      requests: newBucket(this.#limits.requests, nowMs),
      messages: newBucket(this.#limits.messages, nowMs),
    };
    this.#callers.set(key, caller);
    return caller;
  }
}
