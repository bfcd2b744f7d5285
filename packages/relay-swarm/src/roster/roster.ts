// The list that browsers are given: self and the relays that are proven and alive, the best first. Pure.
import {
  rankingWeight,
  rankRelays,
  RELAY_STATES,
  type RelayHealth,
  type Roster,
  type RosterRelay,
  type SignedDescriptor,
} from '@relay-swarm/protocol';
import { sample } from '../discovery/candidates.ts';

export interface RosterMember {
  readonly descriptor: SignedDescriptor;
  readonly health: RelayHealth;
  readonly healthAtMs: number;
  /** What this relay has seen of it itself, 0 the best (quality.ts). */
  readonly quality: number;
}

/** Asks for the first 2k relays of the ranking for this key (@relay-swarm/protocol/ranking). */
export interface RankedQuery {
  readonly key: string;
  readonly k: number;
}

export function createRoster(
  self: RosterMember,
  others: readonly RosterMember[],
  /** Others that could be listed; more than are here. */
  othersTotal: number,
  nowMs: number,
  generatedAt = nowMs,
  ranked?: RankedQuery,
): Roster {
  const members = self.health.state === 'draining' ? others : [self, ...others];
  const relays = members.map((member) => describe(member, nowMs));
  const place = new Map(members.map((member) => [member.descriptor.id, placeOf(member, self.descriptor.id)]));
  return {
    swarm: self.descriptor.swarm,
    self: self.descriptor.id,
    generatedAt,
    total: othersTotal + (members.length - others.length),
    relays:
      ranked === undefined
        ? relays.sort((a, b) => byPlace(place.get(a.id)!, place.get(b.id)!))
        : rankRelays(ranked.key, relays, 2 * ranked.k),
  };
}

/** Some of the relays in a better state than this one, different ones each time, so that its clients do not all go to the same. */
export function betterThan(
  roster: Roster,
  state: RosterRelay['state'],
  countMax: number,
  random: () => number,
): RosterRelay[] {
  const own = RELAY_STATES.indexOf(state);
  const better = roster.relays.filter(
    (relay) => relay.id !== roster.self && RELAY_STATES.indexOf(relay.state) < own,
  );
  return sample(better.slice(0, BETTER_AMONG * countMax), countMax, random);
}

/** They are drawn from the first of the roster, this many times as many as are told. */
const BETTER_AMONG = 4;

function describe({ descriptor, health, healthAtMs }: RosterMember, nowMs: number): RosterRelay {
  const { id, url, peerjs, iceServers, site, services } = descriptor;
  const silent = (service: string): boolean => health.missing.includes(service);
  return {
    id,
    url,
    ...(peerjs !== undefined && !silent('peerjs') && { peerjs }),
    ...(iceServers !== undefined && !silent('stun') && { iceServers }),
    ...(site !== undefined && { site }),
    services,
    state: health.state,
    load: health.load,
    peers: health.peers,
    ageSeconds: Math.max(0, Math.round((nowMs - healthAtMs) / 1000)),
  };
}

/**
 * What a relay says of itself counts only where it says that it is not well; its load is a hint, in thirds. Each relay orders equals
 * differently, so that the same few relays are not first everywhere.
 */
const placeOf = ({ descriptor, health, quality }: RosterMember, selfId: string): readonly number[] => [
  RELAY_STATES.indexOf(health.state),
  quality,
  Math.floor(health.load * LOAD_STEPS),
  rankingWeight(selfId, descriptor.id),
];
const LOAD_STEPS = 3;

function byPlace(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}
