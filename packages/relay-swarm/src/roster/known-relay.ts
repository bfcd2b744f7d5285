// One other relay that we know by a signed descriptor. Each part of what we know of it is written in one file.
import type { SignedDescriptor, SignedRelayHealth } from '@relay-swarm/protocol';
import type { DialState } from './dial-state.ts';
import type { Liveness } from './liveness.ts';

export interface KnownRelay {
  readonly descriptor: SignedDescriptor;
  /** Who told us of it: a relay's id, or what kind of source. */
  readonly introducer: string;
  readonly dial: DialState;
  readonly liveness: Liveness;
}

/** What survives a restart (candidates.json); its times are dates. */
export interface SavedRelay {
  readonly descriptor: SignedDescriptor;
  readonly verifiedAtMs: number | undefined;
  readonly address: string | undefined;
  readonly health: SignedRelayHealth | undefined;
  readonly healthAtMs: number | undefined;
}
