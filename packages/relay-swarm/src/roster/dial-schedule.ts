// Which relays to dial now: those that are due, and of them those that we trust first. Pure.
import { sample } from '../discovery/candidates.ts';
import type { KnownRelay } from './known-relay.ts';

export interface DialRoom {
  readonly diallingMax: number;
  /** How many more sessions are wanted; where there are none, only old proofs are renewed. */
  readonly sessionsLeft: number;
  readonly random: () => number;
}

/**
 * The relays to dial now, marked as being dialled: those without a session and those whose proof is getting old. Proven relays come
 * first; of those never proven only a few are dialled at once, so that they do not keep the others waiting.
 */
export function takeDue(relays: Iterable<KnownRelay>, nowMs: number, room: DialRoom): KnownRelay[] {
  const due: KnownRelay[] = [];
  let places = room.diallingMax;
  let strangerPlaces = Math.ceil(room.diallingMax / 2);
  let sessionsLeft = room.sessionsLeft;
  for (const relay of relays) {
    const needsDial = relay.liveness.isConnected ? relay.liveness.needsProof(nowMs) : room.sessionsLeft > 0;
    if (relay.dial.isDialling) {
      places--;
      if (isStranger(relay)) strangerPlaces--;
      if (!relay.liveness.isConnected) sessionsLeft--;
    } else if (needsDial && relay.dial.isDue(nowMs)) due.push(relay);
  }
  const trusted = due.filter((relay) => !isStranger(relay));
  const chosen = sample(trusted, Math.max(0, places), room.random);
  const left = Math.max(0, Math.min(strangerPlaces, places - chosen.length));
  chosen.push(...sample(due.filter(isStranger), left, room.random));
  const taken = chosen.filter(({ liveness }) => liveness.isConnected || sessionsLeft-- > 0);
  for (const { dial } of taken) dial.begin(nowMs);
  return taken;
}

const isStranger = ({ liveness }: KnownRelay): boolean =>
  liveness.verifiedAtMs === undefined && !liveness.isConnected;
