// One membership with a clock, dice and peers of the test's own. A signature is right where it names who signs.
import {
  idStart,
  type RelayMessage,
  type RelayRecord,
  type SignedRelayHealth,
  type Vouch,
} from '@relay-swarm/protocol';
import { Membership, type MembershipPeer } from '../src/membership/membership.ts';
import type { Place } from '../src/membership/member-table.ts';
import { MapMemberStore } from '../src/membership/member-store.ts';
import { createDice } from '../src/simulator/dice.ts';

export const START_MS = 1_800_000_000_000;

/** The id of relay number n: every number in a bucket of its own where it can be. */
export const idOf = (n: number): string =>
  (n % 256).toString(16).padStart(2, '0') + n.toString(16).padStart(14, '0') + '0'.repeat(48);
export const startOf = (n: number): string => idStart(idOf(n));

export function recordOf(
  n: number,
  changes: { issuedAt?: number; vouches?: Vouch[]; url?: string } = {},
): RelayRecord {
  const { issuedAt = START_MS, vouches = [], url = `wss://relay-${n}.example` } = changes;
  return {
    descriptor: {
      ...{ id: idOf(n), swarm: 'test', url, services: {}, software: 'test' },
      ...{ issuedAt, expiresAt: issuedAt + 86_400_000 },
      signature: idOf(n),
    },
    vouches,
  };
}

export const vouchOf = (by: number, at = START_MS, address = 'here'): Vouch => ({
  ...{ by: idOf(by), at, address },
  signature: idOf(by),
});

export const healthOf = (n: number): SignedRelayHealth => ({
  ...{ id: idOf(n), sequence: 1, sampledAt: START_MS, state: 'ok', load: 0, cpu: 0, memory: 0 },
  ...{ receivedBytesPerSecond: 0, sentBytesPerSecond: 0, peers: 0, connections: 0, allocations: 0 },
  ...{ missing: [], signature: idOf(n) },
});

export class TestPeer implements MembershipPeer {
  readonly id: string;
  readonly isVisit: boolean;
  readonly sent: RelayMessage[] = [];

  constructor(n: number, isVisit = false) {
    this.id = idOf(n);
    this.isVisit = isVisit;
  }

  send(message: RelayMessage): void {
    this.sent.push(message);
  }

  /** The messages of one kind, once. */
  take<A extends RelayMessage['action']>(action: A): Extract<RelayMessage, { action: A }>[] {
    const taken = this.sent.filter((message) => message.action === action);
    this.sent.splice(0, this.sent.length, ...this.sent.filter((message) => message.action !== action));
    return taken as Extract<RelayMessage, { action: A }>[];
  }
}

export class TestMembership {
  nowMs = 0;
  /** Relays that it has dialled. */
  readonly visits: number[] = [];
  vouchedFor = 0;
  readonly membership: Membership;

  constructor(
    self = 0,
    limits: { perAddressMax?: number; perNetworkMax?: number; membersMax?: number } = {},
    placeOf: (address: string, id: string) => Place = (address) => ({
      address,
      network: address.replace(/\.\d+$/, ''),
    }),
  ) {
    this.membership = new Membership(
      {
        selfId: idOf(self),
        store: new MapMemberStore(),
        ...{ membersMax: 20_000, perAddressMax: 4, perNetworkMax: 16, unprovenMax: 5_000, ...limits },
        random: createDice(),
        wallClockMs: () => START_MS + this.nowMs,
        signatures: {
          descriptor: ({ id, signature }) => signature === id,
          health: ({ id, signature }) => signature === id,
          vouch: ({ by, signature }) => signature === by,
        },
        placeOf,
        accepts: ({ swarm }) => swarm === 'test',
        visit: ({ descriptor }) => this.visits.push(Number.parseInt(descriptor.id.slice(2, 16), 16)),
        vouchedFor: () => this.vouchedFor++,
      },
      0,
    );
    this.membership.setSelf(recordOf(self).descriptor);
  }

  /** A relay that it has looked at itself, at an address of a network of its own, with a session. */
  addSession(n: number, address = `10.${n >> 8}.${n & 255}.1`): TestPeer {
    const peer = new TestPeer(n);
    this.membership.proven(recordOf(n), address, this.nowMs);
    this.membership.joined(peer, this.nowMs);
    return peer;
  }

  addMember(n: number, address = `10.${n >> 8}.${n & 255}.1`): boolean {
    return this.membership.proven(recordOf(n), address, this.nowMs);
  }

  /** Offers a record: names it, waits to be asked, sends it. */
  tell(peer: TestPeer, record: RelayRecord): void {
    const { descriptor } = record;
    this.hear(peer, have({ records: [{ start: idStart(descriptor.id), version: descriptor.issuedAt }] }));
    this.membership.tick(this.nowMs);
    if (peer.take('want').some(({ records }) => records.includes(idStart(descriptor.id)))) {
      this.hear(peer, { action: 'records', records: [record] });
    }
  }

  hear(peer: TestPeer, message: RelayMessage): void {
    this.membership.hear(peer, message, this.nowMs);
  }

  run(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.nowMs += 1_000;
      this.membership.tick(this.nowMs);
    }
  }

  /** Whether relay n is offered. */
  has(n: number): boolean {
    return this.membership.table.get(startOf(n)) !== undefined;
  }
}

export const have = (
  changes: Partial<Omit<Extract<RelayMessage, { action: 'have' }>, 'action'>>,
): Extract<RelayMessage, { action: 'have' }> => ({
  ...{ action: 'have', records: [], states: [], gone: [], buckets: [] },
  ...changes,
});
