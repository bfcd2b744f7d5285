// What counts as noticed.
import type { Round } from '../attack/journal.ts';
import type { Fault } from './fault.ts';
import { faultsOf, noticedBy, SLOW_MS, type Noticed } from './verdict.ts';

const span = { beganMs: 10_000, endedMs: 12_000, seenMs: 20_000 };
const round = (startedAtMs: number, tookMs = 10, lost?: string): Round => ({
  what: 'offer',
  startedAtMs,
  tookMs,
  ...(lost !== undefined && { lost }),
});
const noticed = (rounds: readonly Round[]): Noticed => noticedBy('tracker', rounds, span);
const fault: Fault = { id: 'x', what: 'x', awayMsMax: { tracker: 1_000 }, run: () => Promise.resolve() };
const nobody: Fault = { ...fault, awayMsMax: {} };

describe('what users notice of a fault', () => {
  it('is nothing where every round was quick', () => {
    const found = noticed([round(9_999), round(11_000), round(19_999)]);
    expect(found).toMatchObject({ rounds: 3, lost: 0, awayMs: 0, awayAfterMs: 0 });
    expect(faultsOf(nobody, [found])).toEqual([]);
  });

  it('lasts until the end of the last round that was lost or slow', () => {
    const found = noticed([round(10_500, 100, 'closed'), round(11_000, SLOW_MS + 500), round(14_000)]);
    expect(found).toMatchObject({
      rounds: 3,
      lost: 1,
      awayMs: 3_500,
      awayAfterMs: 1_500,
      reasons: ['closed'],
    });
  });

  it('counts a round that was on its way when it began, and none of before or after', () => {
    expect(
      noticed([round(9_000, 900, 'no'), round(9_500, 600, 'closed'), round(20_000, 1, 'no')]),
    ).toMatchObject({
      rounds: 1,
      lost: 1,
    });
  });

  it('may be as long as the fault allows, and nothing for whom it does not concern', () => {
    expect(faultsOf(fault, [noticed([round(12_500, 400, 'closed')])])).toEqual([]);
    expect(faultsOf(fault, [noticed([round(12_500, 600, 'closed')])])).toEqual([
      'tracker: found 1.1 s away after its end, wanted at most 1.0 s (closed)',
    ]);
    expect(faultsOf(nobody, [noticed([round(11_000, 100, 'closed')])])).toEqual([
      'tracker is not concerned: found 1 of 1 lost, 1.1 s away (closed)',
    ]);
  });

  it('is not known where nobody was there', () => {
    expect(faultsOf(fault, [noticed([])])).toEqual(['tracker: nobody was there']);
  });
});
