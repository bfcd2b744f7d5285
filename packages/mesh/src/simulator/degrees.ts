// How many links a member should have: what is left of rooms from which many leave in the same moment, before the mesh mends itself.
import { createDice, shuffle } from './dice.ts';
import { randomLinks } from './topology.ts';

export interface Departure {
  readonly rooms: number;
  readonly members: number;
  readonly leaving: number;
  readonly target: number;
  readonly max: number;
  readonly seed: number;
}

export interface Remainder {
  readonly linksEach: number;
  /** Rooms still in one piece, of all. */
  readonly whole: number;
  /** Members in the largest part of their room, of those left. */
  readonly inLargest: number;
}

export function runDepartures({ rooms, members, leaving, target, max, seed }: Departure): Remainder {
  const dice = createDice(seed);
  const left = members - leaving;
  let [links, whole, inLargest] = [0, 0, 0];
  for (let room = 0; room < rooms; room++) {
    const all = randomLinks(members, target, max, dice);
    links += all.reduce((sum, { length }) => sum + length, 0);
    const gone = new Set(shuffle([...all.keys()], dice).slice(0, leaving));
    const largest = largestPart(all, gone);
    inLargest += largest;
    if (largest === left) whole++;
  }
  return { linksEach: links / rooms / members, whole: whole / rooms, inLargest: inLargest / rooms / left };
}

function largestPart(links: readonly (readonly number[])[], gone: ReadonlySet<number>): number {
  const seen = new Set(gone);
  let largest = 0;
  for (const first of links.keys()) {
    if (seen.has(first)) continue;
    const part = [first];
    seen.add(first);
    for (const member of part) {
      for (const next of links[member]!) {
        if (seen.has(next)) continue;
        seen.add(next);
        part.push(next);
      }
    }
    largest = Math.max(largest, part.length);
  }
  return largest;
}
