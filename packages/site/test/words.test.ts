// How the pages speak of relays, and in what colours.
import { readFile } from 'node:fs/promises';
import { RELAY_STATES } from '@relay-swarm/protocol/relay-health';
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { stateOf, summary } from '../src/status/words.ts';

/** The colours of style/tokens.css in this theme. */
async function tokens(theme: 'light' | 'dark'): Promise<Map<string, string>> {
  const css = await readFile(new URL('../style/tokens.css', import.meta.url), 'utf8');
  const found = css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g);
  return new Map([...found].map(([, name, light, dark]) => [name!, theme === 'light' ? light! : dark!]));
}

/** WCAG 2.2, "contrast ratio"; text asks for 4.5. */
function contrast(one = '', other = ''): number {
  const luminance = (colour: string): number =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, at) => {
      const part = Number.parseInt(colour.slice(1 + 2 * at, 3 + 2 * at), 16) / 255;
      return sum + weight * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    }, 0);
  const [dim, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (bright + 0.05) / (dim + 0.05);
}

const inState = (state: RosterRelay['state']): RosterRelay => ({ state }) as RosterRelay;

describe('stateOf()', () => {
  it('gives a relay that is busy words and a look of its own, between one that is well and one that is full', () => {
    expect(RELAY_STATES.map((state) => [state, stateOf({ state })])).toEqual([
      ['ok', { words: 'well', look: 'good', mark: '', takesBrowsers: true }],
      ['busy', { words: 'busy', look: 'warn-text', mark: '!', takesBrowsers: true }],
      ['full', { words: 'full', look: 'bad-text', mark: '×', takesBrowsers: false }],
      ['draining', { words: 'stopping', look: 'bad-text', mark: '×', takesBrowsers: false }],
    ]);
  });

  it.each(['light', 'dark'] as const)('has looks that stand out from their ground, %s', async (theme) => {
    const colours = await tokens(theme);
    const weak = ['good', 'warn', 'bad'].flatMap((name) =>
      ['ground', 'panel', 'sunken']
        .map((ground) => ({ name, ground, contrast: contrast(colours.get(name), colours.get(ground)) }))
        .filter(({ contrast }) => !(contrast >= 4.5)),
    );
    expect(weak).toEqual([]);
  });
});

describe('summary()', () => {
  it.each([
    [['ok'], 'One relay, and it is well. There is no other to carry on with yet.'],
    [['busy'], 'One relay, and it is busy. There is no other to carry on with yet.'],
    [['full'], 'One relay, and it is full.'],
    [['ok', 'busy'], 'All 2 relays take new browsers.'],
    [
      ['ok', 'draining'],
      '1 of 2 relays take new browsers; the others are left alone until they are well again.',
    ],
  ] as const)('says of %j: %s', (states, words) => {
    expect(summary(states.map(inState)).words).toBe(words);
  });
});
