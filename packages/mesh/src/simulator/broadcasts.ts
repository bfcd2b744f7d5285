// The experiment: a room of some size, some of its members gone without anybody knowing, and a message from one to all.
import type { EngineOptions } from '../engine/options.ts';
import { primTree } from '../engine/prim.ts';
import { View } from '../engine/view.ts';
import { shortOf } from '@relay-swarm/protocol/mesh-packet';
import { createDice, randomId, shuffle } from './dice.ts';
import { Network, plainModel, type Member, type NetworkModel } from './network.ts';
import { randomLinks } from './topology.ts';

export interface Algorithm {
  readonly name: string;
  readonly engine: Partial<EngineOptions>;
  readonly target: number;
  readonly max: number;
}

const ALWAYS_TREE = { floodBytesMax: 0, floodMembersMax: 0 };
const ALWAYS_FLOOD = { floodBytesMax: Number.POSITIVE_INFINITY };

/** Ours is the last. `target` and `max` are those of the overlay that all of them are given, gossipsub's excepted. */
export const algorithms = (target = 6, max = 10): readonly Algorithm[] => [
  { name: 'prim', engine: { ...ALWAYS_TREE, tree: primTree, isRepairing: false }, target, max },
  { name: 'shortest-path', engine: { ...ALWAYS_TREE, isRepairing: false }, target, max },
  { name: 'flood', engine: { ...ALWAYS_FLOOD, isRepairing: false }, target, max },
  // D = 6 eager links, six more that are told once a second and ask at once.
  {
    name: 'gossipsub',
    engine: { ...ALWAYS_FLOOD, floodLinksMax: 6, announceDelayMs: 1_000, wantDelayMs: 0, wantDelayRtts: 0 },
    target: 10,
    max: 16,
  },
  { name: 'mesh', engine: ALWAYS_TREE, target, max },
];

export interface Scenario {
  readonly algorithm: Algorithm;
  readonly members: number;
  readonly bytes: number;
  /** Share of members that have just vanished, unseen. */
  readonly gone: number;
  readonly broadcasts: number;
  readonly seed: number;
  readonly model?: Partial<NetworkModel>;
}

export interface Outcome {
  /** Of the members still there, from 0 to 1. */
  readonly delivered: number;
  readonly hopsMax: number;
  readonly meanMs: number;
  /** When the last of them had it, on average over the broadcasts. */
  readonly lastMs: number;
  /** Payloads that reached a member, for each member. */
  readonly copies: number;
  /** Of routes, in all packets of a broadcast. */
  readonly routeBytes: number;
  /** Everything that is not payload: routes, headers, signatures, announcements, questions; of a broadcast. */
  readonly overheadBytes: number;
  /** Of the source's own engine, in real time; the middle one of all broadcasts. */
  readonly sourceCpuMs: number;
}

export function runScenario(scenario: Scenario, cpuNowMs: () => number = () => 0): Outcome {
  const { algorithm, members: count, bytes, gone, broadcasts, seed } = scenario;
  const sums = {
    delivered: 0,
    hopsMax: 0,
    meanMs: 0,
    lastMs: 0,
    copies: 0,
    routeBytes: 0,
    overheadBytes: 0,
  };
  const sourceCpuMs: number[] = [];
  const dice = createDice(seed);
  const network = new Network({ ...plainModel, ...scenario.model }, dice);
  const members = populate(network, algorithm, count);
  const payload = new Uint8Array(bytes).map((_, i) => i & 255);
  const firsts = new Map<string, { atMs: number; hops: number }>();
  network.surroundings = {
    act: (member, action) => {
      if (action.type === 'deliver') firsts.set(member.id, { atMs: network.nowMs, hops: action.hops });
    },
  };
  for (let i = 0; i < broadcasts; i++) {
    const drawn = shuffle(members, dice);
    const source = drawn[0]!;
    for (const member of members) member.isAlive = true;
    for (const member of drawn.slice(1, 1 + Math.round(gone * count))) member.isAlive = false;
    const alive = members.filter(({ isAlive }) => isAlive);
    firsts.clear();
    const before = tally(members);
    const startedAtMs = network.nowMs;
    const cpuBeforeMs = cpuNowMs();
    network.tell(source, { type: 'broadcast', payload, isOrdered: false });
    sourceCpuMs.push(cpuNowMs() - cpuBeforeMs);
    network.run(15_000);
    const after = tally(members);
    const times = [...firsts.values()].map(({ atMs }) => atMs - startedAtMs);
    sums.delivered += firsts.size / (alive.length - 1);
    sums.hopsMax += Math.max(0, ...[...firsts.values()].map(({ hops }) => hops));
    sums.meanMs += times.reduce((sum, ms) => sum + ms, 0) / Math.max(1, times.length);
    sums.lastMs += Math.max(0, ...times);
    const copies = after.copies - before.copies;
    const chunks = Math.max(1, Math.ceil(bytes / 16_384));
    sums.copies += copies / chunks / (alive.length - 1);
    sums.routeBytes += after.routeBytes - before.routeBytes;
    sums.overheadBytes +=
      after.sentBytes - before.sentBytes - (after.forwarded - before.forwarded) * (bytes / chunks);
  }
  for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] /= broadcasts;
  sourceCpuMs.sort((a, b) => a - b);
  return { ...sums, sourceCpuMs: sourceCpuMs[sourceCpuMs.length >> 1] ?? 0 };
}

/** Members with their links, and one view of the room for all of them, which nobody corrects: so it is in the first moment after a sudden loss. */
function populate(network: Network, algorithm: Algorithm, count: number): Member[] {
  const { dice } = network;
  const view = new View(undefined, { membersMax: count, forgetMs: 1e9 });
  const ids = Array.from({ length: count }, () => randomId(dice));
  const room = randomId(dice);
  const links = randomLinks(count, algorithm.target, algorithm.max, dice);
  // The limits against floods are made for the traffic of one room; a benchmark sends more.
  const open = { sourcePacketsPerSecond: 1e9, sourceBytesPerSecond: 1e12, keptBytesMax: 4 * 1_048_576 };
  const members = ids.map((id) => network.add(id, room, { ...open, ...algorithm.engine }, view));
  links.forEach((neighbours, i) => {
    const told = neighbours.map((j) => ({
      peer: shortOf(ids[j]!),
      rttMs: Math.round(2 * network.latencyMs(members[i]!, members[j]!) + 2 * network.model.jitterMs),
    }));
    const frame = new Uint8Array();
    view.take(ids[i]!, { epoch: 1, seq: 1, links: told, isLeaving: false, frame }, 0);
  });
  links.forEach((neighbours, i) => {
    for (const j of neighbours) network.tell(members[i]!, { type: 'link-open', peer: ids[j]! });
  });
  network.run(5_000); // pings come back
  return members;
}

function tally(
  members: readonly Member[],
): Record<'copies' | 'routeBytes' | 'sentBytes' | 'forwarded', number> {
  const sums = { copies: 0, routeBytes: 0, sentBytes: 0, forwarded: 0 };
  for (const { engine, sentBytes, isAlive } of members) {
    if (isAlive) sums.copies += engine.stats.packets + engine.stats.duplicates;
    sums.routeBytes += engine.stats.routeBytes;
    sums.forwarded += engine.stats.forwarded;
    sums.sentBytes += sentBytes;
  }
  return sums;
}
