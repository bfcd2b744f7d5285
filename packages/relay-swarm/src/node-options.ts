// What one relay of the swarm is given: its key, its limits, its clock, its random numbers, and how it reaches others.
import type { Log } from '@relay-swarm/kit';
import type { SignedDescriptor } from '@relay-swarm/protocol';
import type { Identity, Verify } from './proof/identity.ts';
import type { Opened } from './sessions/wire.ts';

/** How a relay reaches others. */
export interface Network {
  /** GET <origin>/.well-known/relay-swarm */
  fetchDescriptor(origin: string): Promise<SignedDescriptor>;
  dial(url: string, opened: Opened): Promise<void>;
}

export interface NodeOptions {
  readonly self: Identity;
  readonly swarm: string;
  readonly allowPrivate: boolean;
  readonly periodMs: number;
  /** Sessions with relays that keep a table of all. */
  readonly sessionsMax: number;
  /** Relays in that table. */
  readonly membersMax: number;
  readonly relaysPerAddressMax: number;
  readonly candidatesMax: number;
  readonly dialsMax: number;
  readonly retryMsMax: number;
  readonly verify: Verify;
  readonly isPublicHost: (host: string) => boolean;
  readonly network: Network;
  /** Milliseconds by a clock that is never set, for durations. */
  readonly monotonicMs: () => number;
  /** Milliseconds since 1970, as far as this machine knows. */
  readonly wallClockMs: () => number;
  readonly random: () => number;
  /** 64 hex characters, never the same. */
  readonly nonce: () => string;
  readonly log: Log;
}
