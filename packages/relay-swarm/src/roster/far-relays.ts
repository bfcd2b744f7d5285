// The relays that this one offers without having a session with them: members of the table of all. Pure.
import { BUCKETS, rankingWeight, type RelayHealth } from '@relay-swarm/protocol';
import type { Member } from '../membership/member.ts';
import { bucketOf } from '../membership/member.ts';
import type { Membership } from '../membership/membership.ts';
import { FAR_QUALITY } from './quality.ts';
import type { RosterMember } from './roster.ts';

export interface FarRelays {
  readonly membership: Membership;
  readonly selfId: string;
  /** Whether this relay has seen the other itself, so that what others say does not count. */
  readonly isNear: (id: string) => boolean;
}

/** The relays to list, beginning with the ids after this relay's own. So each relay lists others, and clients spread over all of them. */
export function* listFar(far: FarRelays): Generator<Member> {
  const { table } = far.membership;
  const own = bucketOf(far.selfId);
  for (let i = 0; i < BUCKETS; i++) {
    for (const member of table.bucket((own + i) % BUCKETS)) if (isFar(member, far)) yield member;
  }
}

/** Those that rank first for a key, at most `count`: one pass, since there may be ten thousand. */
export function rankFar(far: FarRelays, key: string, count: number): Member[] {
  const best: { member: Member; weight: number }[] = [];
  for (const member of far.membership.table.all()) {
    const weight = rankingWeight(key, member.record.descriptor.id);
    const last = best[best.length - 1];
    if (best.length === count && weight < last!.weight) continue;
    if (!isFar(member, far)) continue;
    const at = best.findIndex((one) => one.weight < weight);
    best.splice(at < 0 ? best.length : at, 0, { member, weight });
    if (best.length > count) best.pop();
  }
  return best.map(({ member }) => member);
}

/** How it is, as far as is known: members of whom no snapshot has come are well, and miss nothing. */
export function describeFar(
  { membership }: FarRelays,
  { record, start }: Member,
  nowMs: number,
): RosterMember {
  const { descriptor } = record;
  const note = membership.states.get(start);
  const seenAtMs = Math.max(
    membership.provenAtMs(descriptor.id) ?? 0,
    membership.states.heardAtMs(start) ?? 0,
  );
  return {
    descriptor,
    health: note ?? { ...UNKNOWN, id: descriptor.id },
    healthAtMs: Math.max(seenAtMs, nowMs - AGE_MS_MAX),
    quality: FAR_QUALITY,
  };
}

const isFar = ({ record, start }: Member, { membership, selfId, isNear }: FarRelays): boolean =>
  record.descriptor.id !== selfId && !isNear(record.descriptor.id) && membership.isOffered(start);

const AGE_MS_MAX = 86_400_000;
const UNKNOWN: Omit<RelayHealth, 'id'> = {
  ...{ sequence: 0, sampledAt: 0, state: 'ok', load: 0.5, cpu: 0, memory: 0 },
  ...{ receivedBytesPerSecond: 0, sentBytesPerSecond: 0, peers: 0, connections: 0, allocations: 0 },
  missing: [],
};
