// How relays are spoken of. Pure.
import type { RosterRelay } from '@relay-swarm/protocol/roster';

interface StateWords {
  readonly words: string;
  /** A class of style/parts.css. */
  readonly look: 'good' | 'warn-text' | 'bad-text';
  /** In its dot on the ring, for whoever does not tell the colours apart. */
  readonly mark: '' | '!' | '×';
  readonly takesBrowsers: boolean;
}

const STATES: Readonly<Record<RosterRelay['state'], StateWords>> = {
  ok: { words: 'well', look: 'good', mark: '', takesBrowsers: true },
  busy: { words: 'busy', look: 'warn-text', mark: '!', takesBrowsers: true },
  full: { words: 'full', look: 'bad-text', mark: '×', takesBrowsers: false },
  draining: { words: 'stopping', look: 'bad-text', mark: '×', takesBrowsers: false },
};

export const stateOf = ({ state }: Pick<RosterRelay, 'state'>): StateWords => STATES[state];

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
  const taking = relays.filter((relay) => stateOf(relay).takesBrowsers).length;
  if (relays.length === 1) {
    const { words } = stateOf(relays[0]!);
    return taking === 1
      ? { words: `One relay, and it is ${words}. There is no other to carry on with yet.`, isGood: true }
      : { words: `One relay, and it is ${words}.`, isGood: false };
  }
  return taking === relays.length
    ? { words: `All ${relays.length} relays take new browsers.`, isGood: true }
    : {
        words: `${taking} of ${relays.length} relays take new browsers; the others are left alone until they are well again.`,
        isGood: taking > 0,
      };
}
