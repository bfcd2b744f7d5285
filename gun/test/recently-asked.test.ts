import { AddressBuckets } from '../src/address-buckets.ts';
import { RecentlyAsked } from '../src/recently-asked.ts';

describe('RecentlyAsked', () => {
  it('keeps so many souls, those asked for last', () => {
    const asked = new RecentlyAsked();
    for (let i = 0; i < 600; i++) asked.add(`soul${i}`);
    asked.add('soul550');
    const souls = [...asked.souls()];
    expect([souls.length, souls[0], souls.at(-1)]).toEqual([500, 'soul100', 'soul550']);
  });

  it('keeps so many characters, however long each is', () => {
    const asked = new RecentlyAsked();
    for (let i = 0; i < 500; i++) asked.add(`${i}${'x'.repeat(250_000)}`);
    expect(asked.chars).toBeLessThanOrEqual(65_536);
    for (let i = 0; i < 500; i++) asked.add(`${i}${'x'.repeat(4_000)}`);
    expect(asked.chars).toBeLessThanOrEqual(65_536);
    expect([...asked.souls()].length).toBe(16);
  });
});

describe('AddressBuckets', () => {
  it('charges an address for its connections together, no other, and at most a burst', () => {
    const buckets = new AddressBuckets(100);
    const [first, second, other] = ['a', 'a', 'b'].map((key) => buckets.open(key, 0));
    expect(first!.spend(131_001, 0)).toBe(1_000);
    expect(second!.spend(0, 0)).toBe(1_000);
    expect(other!.spend(100, 0)).toBe(0);
    for (const one of [first!, second!, other!]) one.close();
    expect(buckets.addresses).toBe(0);
  });
});
