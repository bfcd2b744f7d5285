import fc from 'fast-check';
import { debtMs, isBucketFull, newBucket, spendTokens, takeToken, untilTokenMs } from '../src/rate.ts';

const rate = { perSecond: 10, burst: 20 };

describe('spendTokens()', () => {
  it('lets a whole burst through at once, and refills with time', () => {
    const bucket = newBucket(rate, 0);
    expect(spendTokens(bucket, rate, 20, 0)).toBe(0);
    expect(spendTokens(bucket, rate, 5, 500)).toBe(0);
  });

  it('goes into debt, whose length says how long to wait', () => {
    const bucket = newBucket(rate, 0);
    expect(spendTokens(bucket, rate, 25, 0)).toBe(-5);
    expect(debtMs(-5, rate)).toBe(500);
    expect(spendTokens(bucket, rate, 1, 600)).toBe(0);
  });

  it('never owes more than one burst, or than the rate says', () => {
    expect(spendTokens(newBucket(rate, 0), rate, 1_000_000, 0)).toBe(-20);
    const patient = { ...rate, debtMax: 1_000 };
    expect(spendTokens(newBucket(patient, 0), patient, 1_000_000, 0)).toBe(-1_000);
  });

  it('never holds more than one burst', () => {
    const bucket = newBucket(rate, 0);
    expect(spendTokens(bucket, rate, 1, 1_000_000)).toBe(19);
  });

  it('takes a clock that goes back for one that stands still', () => {
    const bucket = newBucket(rate, 1000);
    expect(spendTokens(bucket, rate, 1, 0)).toBe(19);
    expect(bucket.filledAtMs).toBe(1000);
  });
});

describe('takeToken()', () => {
  it('takes only what is there', () => {
    const slow = { perSecond: 2, burst: 3 };
    const bucket = newBucket(slow, 0);
    expect([0, 0, 0, 0, 499, 500, 501].map((nowMs) => takeToken(bucket, slow, nowMs))).toEqual([
      ...[true, true, true, false],
      ...[false, true, false],
    ]);
  });

  it('has waited long enough when a debt is paid and one token is there', () => {
    const bucket = newBucket(rate, 0);
    spendTokens(bucket, rate, 1_000, 0);
    expect([takeToken(bucket, rate, 2_099), takeToken(bucket, rate, 2_100)]).toEqual([false, true]);
  });
});

describe('untilTokenMs()', () => {
  it('is nothing where there is a token', () => {
    expect(untilTokenMs(newBucket(rate, 0), rate, 0)).toBe(0);
  });

  it('tells the moment to the millisecond, however often somebody tries before', () => {
    const slow = { perSecond: 0.1, burst: 1 };
    const bucket = newBucket(slow, 0.7);
    takeToken(bucket, slow, 0.9);
    for (let nowMs = 1; nowMs < 10_000; nowMs++) {
      expect(takeToken(bucket, slow, nowMs + 0.5)).toBe(false);
      expect(untilTokenMs(bucket, slow, nowMs)).toBe(10_000 - nowMs);
    }
    expect(takeToken(bucket, slow, 10_000)).toBe(true);
  });
});

describe('isBucketFull()', () => {
  it('says when nothing would be lost by forgetting', () => {
    const bucket = newBucket(rate, 0);
    spendTokens(bucket, rate, 5, 0);
    expect(isBucketFull(bucket, rate, 499)).toBe(false);
    expect(isBucketFull(bucket, rate, 500)).toBe(true);
  });
});

describe('a bucket', () => {
  it('is whole numbers, and never gives more than burst and rate, whatever the rate and the moments', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.double({ min: 0.01, max: 10, noNaN: true })),
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.double({ min: 0, max: 30_000, noNaN: true })),
        (perSecond, burst, gapsMs) => {
          const any = { perSecond, burst };
          const bucket = newBucket(any, 0);
          let nowMs = 0;
          let passed = 0;
          for (const gapMs of gapsMs) {
            nowMs += gapMs;
            if (takeToken(bucket, any, nowMs)) passed++;
            expect(Number.isInteger(bucket.thousandths) && Number.isInteger(bucket.filledAtMs)).toBe(true);
            expect(passed).toBeLessThanOrEqual(burst + (nowMs * perSecond) / 1000 + 0.01);
          }
        },
      ),
    );
  });
});
