// Rendezvous hashing: the same order for everybody, fair, and still when relays come and go.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  infoHashKey,
  murmur3,
  RANKING_KEY_CHARS_MAX,
  rankRelays,
  rankingWeight,
  textKey,
} from '../src/ranking.ts';

interface Vectors {
  readonly murmur3: readonly (readonly [string, number])[];
  readonly relays: readonly string[];
  readonly keys: readonly {
    readonly infoHash?: string;
    readonly text?: string;
    readonly key: string;
    readonly weights: readonly number[];
    readonly ranking: readonly number[];
  }[];
}
const vectors = JSON.parse(readFileSync(new URL('vectors/ranking.json', import.meta.url), 'utf8')) as Vectors;

const hex = (chars: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: chars, maxLength: chars });
const relays = fc.uniqueArray(
  hex(64).map((id) => ({ id })),
  { selector: ({ id }) => id, minLength: 1, maxLength: 30 },
);

/** Numbers from 0 to 2^32 − 1 that are the same in every run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}
const randomHex = (next: () => number, chars: number): string =>
  Array.from({ length: chars / 4 }, () => (next() >>> 16).toString(16).padStart(4, '0')).join('');

describe('the golden vectors', () => {
  it.each(vectors.murmur3)('MurmurHash3 of "%s"', (text, hash) => {
    expect(murmur3(text)).toBe(hash);
  });

  it.each(vectors.keys)('$key', ({ infoHash, text, key, weights, ranking }) => {
    expect(infoHash === undefined ? textKey(text!) : infoHashKey(infoHash)).toBe(key);
    expect(vectors.relays.map((id) => rankingWeight(key, id))).toEqual(weights);
    const ranked = rankRelays(
      key,
      vectors.relays.map((id) => ({ id })),
    );
    expect(ranked.map(({ id }) => vectors.relays.indexOf(id))).toEqual(ranking);
  });
});

describe('rankRelays()', () => {
  it('does not depend on the order in which the relays are listed', () => {
    fc.assert(
      fc.property(hex(40), relays, fc.func(fc.integer()), (key, list, shuffle) => {
        const other = [...list].sort((a, b) => shuffle(a.id) - shuffle(b.id));
        expect(rankRelays(key, other)).toEqual(rankRelays(key, list));
      }),
    );
  });

  it('moves nothing but what a relay that leaves had, and what one that comes gets', () => {
    fc.assert(
      fc.property(hex(40), relays, fc.nat(), (key, list, at) => {
        const left = list[at % list.length]!;
        const rest = list.filter((relay) => relay !== left);
        expect(rankRelays(key, rest)).toEqual(rankRelays(key, list).filter((relay) => relay !== left));
      }),
    );
  });

  it('gives the first of the whole ranking where fewer are wanted', () => {
    fc.assert(
      fc.property(hex(40), relays, fc.nat(8), (key, list, count) => {
        expect(rankRelays(key, list, count)).toEqual(rankRelays(key, list).slice(0, count));
      }),
    );
  });

  it('gives each of 20 relays a twentieth of each of the first three places, to 5 percent', () => {
    const next = dice(7);
    const list = Array.from({ length: 20 }, () => ({ id: randomHex(next, 64), places: [0, 0, 0] }));
    const keys = 60_000;
    for (let i = 0; i < keys; i++) {
      rankRelays(randomHex(next, 40), list, 3).forEach((relay, place) => (relay.places[place]! += 1));
    }
    for (const { places } of list)
      for (const place of places) expect(Math.abs(place / (keys / 20) - 1)).toBeLessThan(0.05);
  });

  it('is as fair for keys and ids that differ in one character', () => {
    const list = Array.from({ length: 10 }, (_, i) => ({ id: i.toString(16).padStart(64, '0'), keys: 0 }));
    const keys = 40_000;
    for (let i = 0; i < keys; i++) rankRelays(textKey(`room ${i}`), list, 1)[0]!.keys += 1;
    for (const relay of list) expect(Math.abs(relay.keys / (keys / 10) - 1)).toBeLessThan(0.05);
  });

  it.each([
    ['nothing', ''],
    ['capitals', 'AB'],
    ['a name', 'lobby'],
    ['too much', 'a'.repeat(RANKING_KEY_CHARS_MAX + 1)],
  ])('refuses %s as a key', (_what, key) => {
    expect(() => rankRelays(key, [])).toThrow(/wanted 1 to 512 of 0-9a-f/);
  });
});

describe('keys', () => {
  it('are the same for every spelling of an info hash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        const key = Buffer.from(bytes).toString('hex');
        expect(infoHashKey(key)).toBe(key);
        expect(infoHashKey(key.toUpperCase())).toBe(key);
        expect(infoHashKey(String.fromCharCode(...bytes))).toBe(key);
      }),
    );
    expect(infoHashKey('vlgyyjvvjuw7vktxkj7bt5wkeof2yukz')).toBe(
      infoHashKey('VLGYYJVVJUW7VKTXKJ7BT5WKEOF2YUKZ'),
    );
  });

  it.each(['', 'abc', 'g'.repeat(40), 'é'.repeat(19), 'ā'.repeat(20), '1'.repeat(32)])(
    'are not made of "%s"',
    (text) => {
      expect(() => infoHashKey(text)).toThrow(/Cannot read an info hash of \d+ characters/);
    },
  );

  it('of names are their UTF-8, as every encoder writes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), (text) => {
        expect(textKey(text)).toBe(Buffer.from(new TextEncoder().encode(text)).toString('hex'));
      }),
    );
    expect(textKey('\ud800')).toBe('efbfbd');
    expect(() => textKey('')).toThrow(/wanted 1 to 256 bytes/);
    expect(() => textKey('ä'.repeat(129))).toThrow(/wanted 1 to 256 bytes/);
  });
});
