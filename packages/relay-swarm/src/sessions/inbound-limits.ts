// How many sessions an address and its network may begin and hold. Pure.
import { AddressRates, isPublicAddress, limitKey } from '@relay-swarm/net';
import { networkKey } from '../discovery/network-key.ts';
import type { KnownRelay } from '../roster/known-relay.ts';
import type { RelayConnection } from './relay-connection.ts';

const HANDSHAKES_MAX = 64;
/** Sessions that one address may begin: each may cost us many signatures (gossip.ts). */
const ATTEMPTS = { perSecond: 0.5, burst: 16 } as const;
const ATTEMPTING_ADDRESSES_MAX = 4_096;
/** A network may have this many times what one address may have. */
const ADDRESSES_PER_NETWORK = 4;

export interface InboundLimitsOptions {
  readonly allowPrivate: boolean;
  readonly relaysPerAddressMax: number;
  /** Whether a recently proven relay is at this address (limitKey). */
  readonly isProvenAt: (key: string) => boolean;
}

export class InboundLimits {
  readonly #options: InboundLimitsOptions;
  readonly #attempts = new AddressRates(ATTEMPTS, ATTEMPTING_ADDRESSES_MAX);

  constructor(options: InboundLimitsOptions) {
    this.#options = options;
  }

  /** Whether another session may be opened from there; asked before the upgrade. */
  admits(address: string, open: Iterable<RelayConnection>, nowMs: number): boolean {
    const { relaysPerAddressMax, isProvenAt } = this.#options;
    const key = limitKey(address);
    const network = networkKey(address);
    let handshakes = 0;
    let ofAddress = 0;
    let ofNetwork = 0;
    for (const { session, address: at } of open) {
      if (session.role !== 'acceptor') continue;
      if (!session.isProven) handshakes++;
      if (limitKey(at) === key) ofAddress++;
      if (networkKey(at) === network) ofNetwork++;
    }
    // Twice, since a relay sometimes has a second session, in which it proves our URL
    const addressMax = 2 * relaysPerAddressMax;
    const isCrowded = ofAddress >= addressMax || ofNetwork >= ADDRESSES_PER_NETWORK * addressMax;
    return (
      // Where strangers use up all handshakes, known relays must still get in to prove our URL again
      (handshakes < HANDSHAKES_MAX || isProvenAt(key)) &&
      !(this.#isLimited(address) && (isCrowded || this.#attempts.ask(key, nowMs) > 0))
    );
  }

  /** Bounds the places in the roster of one address and of its network. */
  hasPlace(address: string, id: string, relays: Iterable<KnownRelay>): boolean {
    if (!this.#isLimited(address)) return true;
    let ofAddress = 0;
    let ofNetwork = 0;
    for (const { descriptor, liveness } of relays) {
      const at = liveness.address;
      if (at === undefined || descriptor.id === id || liveness.verifiedAtMs === undefined) continue;
      if (limitKey(at) === limitKey(address)) ofAddress++;
      if (networkKey(at) === networkKey(address)) ofNetwork++;
    }
    const { relaysPerAddressMax } = this.#options;
    return ofAddress < relaysPerAddressMax && ofNetwork < ADDRESSES_PER_NETWORK * relaysPerAddressMax;
  }

  #isLimited(address: string): boolean {
    return !(this.#options.allowPrivate && !isPublicAddress(address));
  }
}
