import { createAnnounceInterval } from '../../src/frontends/announce-interval.ts';

describe('the announce interval', () => {
  it('is short for the first three minutes, and then as set', () => {
    const interval = createAnnounceInterval(
      { announceIntervalSeconds: 120, firstIntervalSeconds: 15 },
      1_000,
    );
    expect([1_000, 180_999, 181_000].map(interval)).toEqual([15, 15, 120]);
  });

  it('is never longer at first than later', () => {
    const interval = createAnnounceInterval({ announceIntervalSeconds: 10, firstIntervalSeconds: 15 }, 0);
    expect([0, 1_000_000].map(interval)).toEqual([10, 10]);
  });
});
