import { AddressRates } from '../src/address-rates.ts';

describe('AddressRates', () => {
  it('gives every address its own burst and rate', () => {
    const rates = new AddressRates({ perSecond: 1, burst: 2 }, 10);
    expect([0, 0, 0].map((nowMs) => rates.take('a', nowMs))).toEqual([true, true, false]);
    expect(rates.take('b', 0)).toBe(true);
    expect([1000, 1000].map((nowMs) => rates.take('a', nowMs))).toEqual([true, false]);
  });

  it('forgets those who were silent, never who asks all the time', () => {
    const rates = new AddressRates({ perSecond: 1, burst: 1 }, 3);
    for (let address = 0; address < 100; address++) {
      expect(rates.take(`one time ${address}`, 0)).toBe(true);
      expect(rates.take('flooder', 0)).toBe(address === 0);
      expect(rates.size).toBeLessThanOrEqual(3);
    }
  });
});
