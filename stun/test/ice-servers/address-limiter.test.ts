// The rate limit of /ice-servers under a clock of our own.
import fc from 'fast-check';
import { AddressLimiter } from '../../src/ice-servers/address-limiter.ts';

describe('AddressLimiter', () => {
  it('lets a minute’s worth through at once, then one at a time', () => {
    const limiter = new AddressLimiter({ perMinute: 6, addressesMax: 10 });
    for (let i = 0; i < 6; i++) expect(limiter.take('a', 1_000)).toBe(0);
    expect(limiter.take('a', 1_000)).toBeCloseTo(10_000);
    expect(limiter.take('a', 10_999)).toBeCloseTo(1);
    expect(limiter.take('a', 11_000)).toBe(0);
    expect(limiter.take('a', 11_000)).toBeCloseTo(10_000);
  });

  it('keeps addresses apart', () => {
    const limiter = new AddressLimiter({ perMinute: 1, addressesMax: 10 });
    expect(limiter.take('a', 0)).toBe(0);
    expect(limiter.take('a', 0)).toBeGreaterThan(0);
    expect(limiter.take('b', 0)).toBe(0);
  });

  it('never remembers more addresses than it may, and forgets the longest silent first', () => {
    const limiter = new AddressLimiter({ perMinute: 1, addressesMax: 100 });
    limiter.take('old', 0);
    for (let i = 0; i < 1_000; i++) limiter.take(`address ${i}`, 1);
    expect(limiter.size).toBe(100);
    expect(limiter.take('address 999', 1)).toBeGreaterThan(0);
    expect(limiter.take('old', 1)).toBe(0);
  });

  it('never lets more through than the bucket and what has flowed in since, whatever the moments', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.array(fc.integer({ min: 0, max: 30_000 })),
        (perMinute, gapsMs) => {
          const limiter = new AddressLimiter({ perMinute, addressesMax: 10 });
          let nowMs = 0;
          let passed = 0;
          for (const gapMs of gapsMs) {
            nowMs += gapMs;
            const waitMs = limiter.take('a', nowMs);
            if (waitMs === 0) passed++;
            else expect(limiter.take('a', nowMs + waitMs - 1)).toBeGreaterThan(0);
            expect(passed).toBeLessThanOrEqual(perMinute + (nowMs * perMinute) / 60_000 + 0.01);
          }
        },
      ),
    );
  });
});
