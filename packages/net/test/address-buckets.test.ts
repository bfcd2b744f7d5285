import { AddressBuckets } from '../src/address-buckets.ts';
import { debtMs, spendTokens } from '../src/rate.ts';

describe('AddressBuckets', () => {
  it('is one account for all connections of an address, and not forgotten while it owes', () => {
    const buckets = new AddressBuckets({ perSecond: 10, burst: 20 });
    const bucket = buckets.enter('a', 0);
    expect(buckets.enter('a', 0)).toBe(bucket);
    expect(buckets.enter('b', 0)).not.toBe(bucket);
    spendTokens(bucket, buckets.rate, 40, 0);
    for (const address of ['a', 'a', 'b']) buckets.leave(address);
    buckets.tick(1_000);
    expect(buckets.size).toBe(1); // b owed nothing
    expect(buckets.enter('a', 1_000)).toBe(bucket);
    buckets.leave('a');
    buckets.tick(4_000);
    expect(buckets.size).toBe(0);
  });

  it('charges an address for its connections together, no other, and at most a burst', () => {
    const buckets = new AddressBuckets({ perSecond: 100, burst: 100 });
    const [first, second, other] = ['a', 'a', 'b'].map((key) => buckets.enter(key, 0));
    const spend = (bucket: typeof first, tokens: number): number =>
      debtMs(spendTokens(bucket!, buckets.rate, tokens, 0), buckets.rate);
    expect(spend(first, 131_001)).toBe(1_000);
    expect(spend(second, 0)).toBe(1_000);
    expect(spend(other, 100)).toBe(0);
    expect(['a', 'b', 'unknown'].map((key) => buckets.owedMs(key, 500))).toEqual([500, 0, 0]);
  });
});
