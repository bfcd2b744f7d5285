// Which relays to dial now: those that are due, and of them those that we trust first. Pure.
import { sample } from '../discovery/candidates.ts';
import type { KnownRelay } from './known-relay.ts';

export interface DialRoom {
  readonly diallingMax: number;
  /** Whether another session may be had; without, only old proofs are renewed. */
  readonly hasRoom: boolean;
  readonly random: () => number;
}

/**
 * Those to dial now, marked as being dialled: without a session, or whose proof gets old. First those whose word we have
 * reason to trust; of those never proven only so many at once that they cannot keep the others waiting.
 */
export function takeDue(relays: Iterable<KnownRelay>, nowMs: number, room: DialRoom): KnownRelay[] {
  const due: KnownRelay[] = [];
  let places = room.diallingMax;
  let strangerPlaces = Math.ceil(room.diallingMax / 2);
  for (const relay of relays) {
    const needsDial = relay.liveness.isConnected ? relay.liveness.needsProof(nowMs) : room.hasRoom;
    if (relay.dial.isDialling) {
      places--;
      if (isStranger(relay)) strangerPlaces--;
    } else if (needsDial && relay.dial.isDue(nowMs)) due.push(relay);
  }
  const trusted = due.filter((relay) => !isStranger(relay));
  const taken = sample(trusted, Math.max(0, places), room.random);
  const left = Math.max(0, Math.min(strangerPlaces, places - taken.length));
  taken.push(...sample(due.filter(isStranger), left, room.random));
  for (const { dial } of taken) dial.begin(nowMs);
  return taken;
}

const isStranger = ({ liveness }: KnownRelay): boolean =>
  liveness.verifiedAtMs === undefined && !liveness.isConnected;
