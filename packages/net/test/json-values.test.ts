import fc from 'fast-check';
import { countJsonValues } from '../src/json-values.ts';

const countOf = (value: unknown): number => countJsonValues(Buffer.from(JSON.stringify(value)));

/** What is counted, by parsing. */
function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, one) => sum + valuesIn(one), 1);
}

describe('countJsonValues()', () => {
  it.each([
    ['null', null, 1],
    ['a text', 'text', 1],
    ['an empty list', [], 1],
    ['a list', [1, null, 'x'], 4],
    ['lists in a list', [[], [], {}], 4],
    ['an offer', { sdp: { type: 'offer', sdp: 'v=0' }, connectionId: 'dc_1' }, 5],
    ['commas in a text: more than there are', ['a, b'], 3],
  ])('counts %s', (_case, value, count) => expect(countOf(value)).toBe(count));

  it('never counts fewer than there are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(countOf(value)).toBeGreaterThanOrEqual(valuesIn(value));
      }),
    );
  });
});
