// How relays are spoken of. Pure.
import type { RosterRelay } from '@relay-swarm/protocol/roster';

const STATES = {
  ok: { words: 'well', isGood: true },
  busy: { words: 'busy', isGood: true },
  full: { words: 'full', isGood: false },
  draining: { words: 'stopping', isGood: false },
} as const;

export const stateOf = ({ state }: Pick<RosterRelay, 'state'>): { words: string; isGood: boolean } =>
  STATES[state];

export const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

/** The state of the swarm in one sentence. */
export function summary(relays: readonly RosterRelay[] | undefined): { words: string; isGood: boolean } {
  if (relays === undefined)
    return {
      words: 'This relay does not answer at the moment. Trying again every few seconds.',
      isGood: false,
    };
  if (relays.length === 0)
    return {
      words:
        'This relay knows no others yet, and does not offer itself: it has no public address (TRACKER_PUBLIC_URL).',
      isGood: false,
    };
  const good = relays.filter((relay) => stateOf(relay).isGood).length;
  if (relays.length === 1)
    return good === 1
      ? { words: 'One relay, and it is well. There is no other to carry on with yet.', isGood: true }
      : { words: `One relay, and it is ${stateOf(relays[0]!).words}.`, isGood: false };
  return good === relays.length
    ? { words: `All ${relays.length} relays take new browsers.`, isGood: true }
    : {
        words: `${good} of ${relays.length} relays take new browsers; the others are left alone until they are well again.`,
        isGood: good > 0,
      };
}
