import { debtMs, isFull, newBucket, spend, take } from '../src/rate.ts';

const rate = { perSecond: 10, burst: 20 };

describe('spend()', () => {
  it('lets a whole burst through at once, and refills with time', () => {
    const bucket = newBucket(rate, 0);
    expect(spend(bucket, rate, 20, 0)).toBe(0);
    expect(spend(bucket, rate, 5, 500)).toBe(0);
  });

  it('goes into debt, whose length says how long to wait', () => {
    const bucket = newBucket(rate, 0);
    expect(spend(bucket, rate, 25, 0)).toBe(-5);
    expect(debtMs(bucket.thousandths / 1000, rate)).toBe(500);
    expect(spend(bucket, rate, 1, 600)).toBe(0);
  });

  it('never owes more than one burst', () => {
    const bucket = newBucket(rate, 0);
    expect(spend(bucket, rate, 1_000_000, 0)).toBe(-20);
  });

  it('never holds more than one burst', () => {
    const bucket = newBucket(rate, 0);
    expect(spend(bucket, rate, 1, 1_000_000)).toBe(19);
  });

  it('takes a clock that goes back for one that stands still', () => {
    const bucket = newBucket(rate, 1000);
    expect(spend(bucket, rate, 1, 0)).toBe(19);
    expect(bucket.filledAtMs).toBe(1000);
  });
});

describe('take()', () => {
  it('takes only what is there', () => {
    const bucket = newBucket({ perSecond: 1, burst: 2 }, 0);
    const slow = { perSecond: 1, burst: 2 };
    expect([0, 0, 0, 999, 1000].map((nowMs) => take(bucket, slow, nowMs))).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('isFull()', () => {
  it('says when nothing would be lost by forgetting', () => {
    const bucket = newBucket(rate, 0);
    spend(bucket, rate, 5, 0);
    expect(isFull(bucket, rate, 499)).toBe(false);
    expect(isFull(bucket, rate, 500)).toBe(true);
  });
});
