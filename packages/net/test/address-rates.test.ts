import fc from 'fast-check';
import { AddressRates } from '../src/address-rates.ts';

const oneEach = (perMinute: number): { perSecond: number; burst: number } => ({
  perSecond: perMinute / 60,
  burst: perMinute,
});

describe('AddressRates', () => {
  it('gives every address its own burst and rate', () => {
    const rates = new AddressRates({ perSecond: 1, burst: 2 }, 10);
    expect([0, 0, 0].map((nowMs) => rates.ask('a', nowMs))).toEqual([0, 0, 1000]);
    expect(rates.ask('b', 0)).toBe(0);
    expect([1000, 1000].map((nowMs) => rates.ask('a', nowMs))).toEqual([0, 1000]);
  });

  it('lets a minute’s worth through at once, then one at a time, and says how long to wait', () => {
    const rates = new AddressRates(oneEach(6), 10);
    for (let i = 0; i < 6; i++) expect(rates.ask('a', 1_000)).toBe(0);
    expect([1_000, 10_999, 11_000, 11_000].map((nowMs) => rates.ask('a', nowMs))).toEqual([
      10_000, 1, 0, 10_000,
    ]);
  });

  it('forgets those who were silent, never who asks all the time', () => {
    const rates = new AddressRates({ perSecond: 1, burst: 1 }, 3);
    for (let address = 0; address < 100; address++) {
      expect(rates.ask(`one time ${address}`, 0)).toBe(0);
      expect(rates.ask('flooder', 0)).toBe(address === 0 ? 0 : 1000);
      expect(rates.size).toBeLessThanOrEqual(3);
    }
  });

  it('remembers at least half as many as it may, the latest ones', () => {
    const rates = new AddressRates(oneEach(1), 100);
    rates.ask('old', 0);
    for (let i = 0; i < 1_000; i++) {
      rates.ask(`address ${i}`, 1);
      expect(rates.size).toBeLessThanOrEqual(100);
    }
    expect(rates.ask('address 950', 1)).toBeGreaterThan(0);
    expect(rates.ask('old', 1)).toBe(0);
  });

  it('never says a moment that is too early, nor one that is a millisecond too late', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.array(fc.integer({ min: 0, max: 30_000 })),
        (perMinute, gapsMs) => {
          const rates = new AddressRates(oneEach(perMinute), 10);
          let nowMs = 0;
          for (const gapMs of gapsMs) {
            nowMs += gapMs;
            const waitMs = rates.ask('a', nowMs);
            if (waitMs === 0) continue;
            expect(rates.ask('a', nowMs + waitMs - 1)).toBeGreaterThan(0);
            nowMs += waitMs;
            expect(rates.ask('a', nowMs)).toBe(0);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('gives a /48 no more than some addresses have together', () => {
    const rates = new AddressRates({ perSecond: 1, burst: 2 }, 1_000);
    let allowed = 0;
    for (let subnet = 0; subnet < 256; subnet++)
      for (let i = 0; i < 2; i++) if (rates.ask(`2001:db8:7:${subnet}::/64`, 0) === 0) allowed++;
    expect(allowed).toBe(16);
    expect(rates.ask('2001:db8:8:0::/64', 0)).toBe(0);
  });

  it('does not charge the /48 for what one /64 is refused', () => {
    const rates = new AddressRates({ perSecond: 1, burst: 2 }, 1_000);
    for (let i = 0; i < 1_000; i++) rates.ask('2001:db8:7:1::/64', 0);
    expect(rates.ask('2001:db8:7:2::/64', 0)).toBe(0);
  });
});
