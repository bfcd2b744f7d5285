// One relay of the simulated swarm: the membership that real relays run, and its place on the map. Its sockets are in simulated-swarm.ts.
import type { SignedDescriptor } from '@relay-swarm/protocol';
import type { Membership, MembershipPeer } from '../membership/membership.ts';
import { Renewal, Replacement } from '../membership/view.ts';

/** One end of a session or visit. */
export interface End extends MembershipPeer {
  readonly at: SimulatedRelay;
  readonly network: string;
  readonly isChosen: boolean;
  readonly sinceMs: number;
  other: End;
  isOpen: boolean;
}

export class SimulatedRelay {
  readonly index: number;
  readonly descriptor: SignedDescriptor;
  readonly membership: Membership;
  readonly view = new Map<string, End>();
  readonly replacement = new Replacement();
  readonly renewal: Renewal;
  readonly ends = new Set<End>();
  readonly startedAtMs: number;
  readonly x: number;
  readonly y: number;
  /** `cut`: it and its sockets are there and answer nobody. */
  life: 'up' | 'killed' | 'cut' = 'up';
  /** Of a network that is cut in two. */
  side = 0;
  stoppedAtMs = Infinity;
  dialling = 0;
  bytesSent = 0;
  messagesSent = 0;
  dials = 0;

  constructor(
    index: number,
    descriptor: SignedDescriptor,
    membership: Membership,
    nowMs: number,
    random: () => number,
  ) {
    this.index = index;
    this.descriptor = descriptor;
    this.membership = membership;
    this.startedAtMs = nowMs;
    this.renewal = new Renewal(nowMs + random() * 10_000);
    this.x = random();
    this.y = random();
  }
}

export const describeRelay = (id: string, index: number, issuedAt: number): SignedDescriptor => ({
  ...{ id, swarm: 'relay-swarm/1', url: `wss://tracker.relay-${index}.example.org` },
  peerjs: `https://peerjs.relay-${index}.example.org/`,
  iceServers: `https://tracker.relay-${index}.example.org/ice-servers`,
  site: `https://tracker.relay-${index}.example.org/`,
  ...{ services: {}, software: 'relay-swarm/0.1.0' },
  ...{ issuedAt, expiresAt: issuedAt + 86_400_000 },
  signature: '0'.repeat(128),
});
