// The list that browsers are given: self and the relays that are proven and alive, the best first. Pure.
import {
  rankRelays,
  RELAY_STATES,
  type RelayHealth,
  type Roster,
  type RosterRelay,
  type SignedDescriptor,
} from '@relay-swarm/protocol';

export interface RosterMember {
  readonly descriptor: SignedDescriptor;
  readonly health: RelayHealth;
  readonly healthAtMs: number;
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
  return {
    swarm: self.descriptor.swarm,
    self: self.descriptor.id,
    generatedAt,
    total: othersTotal + (members.length - others.length),
    relays: ranked === undefined ? relays.sort(byHealth) : rankRelays(ranked.key, relays, 2 * ranked.k),
  };
}

/** The relays in a better state than the roster's own, for peers who asked to be told. */
export function betterThan(roster: Roster, state: RosterRelay['state'], countMax: number): RosterRelay[] {
  const own = RELAY_STATES.indexOf(state);
  return roster.relays
    .filter((relay) => relay.id !== roster.self && RELAY_STATES.indexOf(relay.state) < own)
    .slice(0, countMax);
}

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

const byHealth = (a: RosterRelay, b: RosterRelay): number =>
  RELAY_STATES.indexOf(a.state) - RELAY_STATES.indexOf(b.state) || a.load - b.load || (a.id < b.id ? -1 : 1);
