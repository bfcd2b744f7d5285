// Whether enough relays in enough networks vouch for one that this relay has not checked itself. Pure.
import { idStart, type Vouch } from '@relay-swarm/protocol';
import type { Signatures } from '../proof/signatures.ts';
import type { Member } from './member.ts';
import type { MemberTable, Place } from './member-table.ts';
import { isFreshVouch } from './own-vouches.ts';

/** Vouches from this many different networks are needed, none of them the relay's own. */
export const WORDS_MIN = 3;

export interface BeliefOptions {
  readonly table: MemberTable;
  /** Whether we have checked this relay ourselves: only then does its word count without a signed vouch. */
  readonly isProven: (start: string) => boolean;
  readonly isDiscredited: (id: string) => boolean;
  readonly signatures: Signatures;
  readonly placeOf: (address: string, id: string) => Place;
}

export interface Belief {
  /** Whose word it was. */
  readonly by: readonly string[];
  readonly place: Place | undefined;
}

/**
 * Counts, each network once: relays that say that they offer it and that we have proven, and fresh signed vouches of members.
 * Vouches are dated, so that those from before a relay went down do not count afterwards.
 */
export function judge(
  { record, start }: Member,
  words: Iterable<string>,
  notBefore: number,
  today: number,
  options: BeliefOptions,
): Belief | undefined {
  const { table, isProven, isDiscredited } = options;
  const { id, url } = record.descriptor;
  const vouches = record.vouches.filter(
    (vouch) =>
      vouch.by !== id &&
      vouch.at >= notBefore &&
      isFreshVouch(vouch, today) &&
      table.get(idStart(vouch.by)) !== undefined &&
      !isDiscredited(vouch.by),
  );
  const counted = vouches.filter((vouch) => options.signatures.vouch(vouch, id, url));
  const place = commonPlace(counted, id, options);
  const own = place?.network ?? start;
  const byNetwork = new Map<string, string>();
  for (const { by } of counted) byNetwork.set(table.networkOf(idStart(by)), by);
  for (const by of words) {
    if (isProven(idStart(by)) && !isDiscredited(by)) byNetwork.set(table.networkOf(idStart(by)), by);
  }
  byNetwork.delete(own);
  return byNetwork.size >= WORDS_MIN ? { by: [...byNetwork.values()], place } : undefined;
}

/** The address that most of them name; of equals the first in order, so that every relay decides alike. */
function commonPlace(vouches: readonly Vouch[], id: string, options: BeliefOptions): Place | undefined {
  const votes = new Map<string, { place: Place; count: number }>();
  for (const { address } of vouches) {
    const place = options.placeOf(address, id);
    const vote = votes.get(place.address) ?? { place, count: 0 };
    vote.count++;
    votes.set(place.address, vote);
  }
  const [best] = [...votes.values()].sort(
    (a, b) => b.count - a.count || (a.place.address < b.place.address ? -1 : 1),
  );
  return best?.place;
}
